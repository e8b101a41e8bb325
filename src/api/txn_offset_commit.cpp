// TxnOffsetCommit: offsets of a group that a transaction will have committed, should it be committed itself.
//
// v1 as before; v2 leader epochs; v3 flexible, member and generation, which are looked at if there are any; v4 TRANSACTION_ABORTABLE;
// v5 adds the group by itself (KIP-890).
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::txn_offset_commit;

void handle(Broker& broker, Call& call, Request& request) {
    const group::Groups* groups = broker.coordinator.look(call);
    if (!groups) return;
    const auto handle = [&](txn::Transactions& transactions, txn::Turn& turn, const txn::Caller& caller) {
        transactions.commit_offsets(turn, caller, request, [&] { return groups->may_commit(request); });
    };
    broker.transactions.ask(call, "", handle);
}

Response refuse(const Request& request, int16_t version, wire::ErrorCode error) {
    constexpr int16_t first_version_with_loading = 2;
    if (version < first_version_with_loading && error == wire::ErrorCode::coordinator_load_in_progress)
        error = wire::ErrorCode::coordinator_not_available;
    Response response;
    for (const TxnOffsetCommitRequestTopic& topic : request.topics) {
        TxnOffsetCommitResponseTopic& refused = response.topics.emplace_back();
        refused.name = topic.name;
        for (const TxnOffsetCommitRequestPartition& partition : topic.partitions)
            refused.partitions.push_back({partition.partition_index, for_groups(error)});
    }
    return response;
}

} // namespace kafka::api
