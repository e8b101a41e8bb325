// OffsetFetch: what groups have committed; a partition without a commit has offset -1 and no error.
//
// v2 all partitions of a group, and an error of the whole response; v5 leader epoch (KIP-320); v6 flexible; v7 require_stable
// (KIP-447): offsets that a transaction is about to change are not told; v8 several groups (KIP-709); v9 member epochs of consumer groups
// (KIP-848); v10 topic ids.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::offset_fetch;

namespace {

template <class Topic>
void hide_unstable(const Broker& broker, const std::string& group_id, std::vector<Topic>& topics) {
    for (Topic& answered : topics) {
        const log::Topic* topic = answered.topic_id == wire::Uuid{} ? broker.catalog.find(answered.name)
                                                                    : broker.catalog.find(answered.topic_id);
        if (!topic) continue;
        for (auto& p : answered.partitions)
            if (broker.transactions.has_pending_offset(group_id, topic->id, p.partition_index))
                p = {p.partition_index, -1, -1, "", wire::ErrorCode::unstable_offset_commit};
    }
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    const group::Groups* groups = broker.coordinator.look(call);
    if (!groups || (request.require_stable && !broker.transactions.look(call))) return;
    Response response = groups->fetch_offsets(broker.coordinator.topics(), call.version(), request);
    if (request.require_stable) {
        hide_unstable(broker, request.group_id, response.topics);
        for (OffsetFetchResponseGroup& group : response.groups)
            hide_unstable(broker, group.group_id, group.topics);
    }
    if (request.require_stable &&
        broker.transactions.has_rows()) // the end of a transaction may be among them
        return broker.answer_when_durable(std::move(call), std::move(response), pg::Durability::server);
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
