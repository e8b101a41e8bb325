// AddPartitionsToTxn: a transaction is about to write to partitions. All of them are added, or none.
//
// v1 as before; v2 PRODUCER_FENCED; v3 flexible; v4 several transactions, and to ask only, as brokers do; v5 TRANSACTION_ABORTABLE.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::add_partitions_to_txn;

namespace {

constexpr int16_t first_version_with_transactions = 4;

std::vector<AddPartitionsToTxnTopicResult> refused(const std::vector<AddPartitionsToTxnTopic>& topics,
                                                   wire::ErrorCode error) {
    std::vector<AddPartitionsToTxnTopicResult> results;
    for (const AddPartitionsToTxnTopic& topic : topics) {
        AddPartitionsToTxnTopicResult& result = results.emplace_back();
        result.name = topic.name;
        for (const int32_t partition : topic.partitions)
            result.results_by_partition.push_back({partition, error});
    }
    return results;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    broker.transactions.ask(call, request, "", &txn::Transactions::add_partitions);
}

Response refuse(const Request& request, int16_t version, wire::ErrorCode error) {
    Response response;
    if (version >= first_version_with_transactions)
        response.error_code = for_groups(error);
    else
        response.results_by_topic_v3_and_below = refused(request.v3_and_below_topics, for_groups(error));
    return response;
}

} // namespace kafka::api
