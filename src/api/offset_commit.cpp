// OffsetCommit: a consumer stores how far it has read, in the transaction of the turn; members of a group and whoever uses a group
// without members. See group/groups.h.
//
// v3 to v4 as before; v5 without a retention time; v6 leader epoch (KIP-320); v7 static members (KIP-345); v8 flexible;
// v9 member epochs of consumer groups (KIP-848); v10 topic ids.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::offset_commit;

void handle(Broker& broker, Call& call, Request& request) {
    if (!broker.transactions.look(call)) return; // which hear of it
    broker.coordinator.ask(call, request, &group::Groups::commit_offsets);
}

Response refuse(const Request& request, int16_t, wire::ErrorCode error) {
    Response response;
    for (const OffsetCommitRequestTopic& topic : request.topics) {
        OffsetCommitResponseTopic& refused = response.topics.emplace_back();
        refused.name = topic.name;
        refused.topic_id = topic.topic_id;
        for (const OffsetCommitRequestPartition& partition : topic.partitions)
            refused.partitions.push_back({partition.partition_index, for_groups(error)});
    }
    return response;
}

} // namespace kafka::api
