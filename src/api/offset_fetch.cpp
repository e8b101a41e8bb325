// OffsetFetch: what groups have committed; a partition without a commit has offset -1 and no error.
//
// v2 all partitions of a group, and an error of the whole response; v5 leader epoch (KIP-320); v6 flexible; v7 require_stable
// (KIP-447), which means nothing without transactions; v8 several groups (KIP-709); v9 member epochs of consumer groups
// (KIP-848); v10 topic ids.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::offset_fetch;

void handle(Broker& broker, Call& call, Request& request) {
    const group::Groups* groups = broker.coordinator.look(call);
    if (!groups) return;
    Response response = groups->fetch_offsets(broker.coordinator.topics(), call.version(), request);
    broker.answer_when_written(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t version, wire::ErrorCode error) {
    constexpr int16_t first_version_with_error = 2;
    Response response;
    response.error_code = for_groups(error);
    for (const OffsetFetchRequestGroup& group : request.groups)
        response.groups.push_back({group.group_id, {}, for_groups(error)});
    if (version >= first_version_with_error || !request.topics) return response;
    for (const OffsetFetchRequestTopic& topic : *request.topics) {
        OffsetFetchResponseTopic& refused = response.topics.emplace_back();
        refused.name = topic.name;
        for (const int32_t partition : topic.partition_indexes)
            refused.partitions.push_back({partition, -1, -1, "", for_groups(error)});
    }
    return response;
}

} // namespace kafka::api
