// DescribeTransactions: how transactions stand, for kafka-transactions (KIP-664).
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::describe_transactions;

void handle(Broker& broker, Call& call, Request& request) {
    const txn::Transactions* transactions = broker.transactions.look(call);
    if (!transactions) return;
    Response response = transactions->describe(broker.coordinator.topics(), request);
    broker.transactions.answer(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, wire::ErrorCode error) {
    Response response;
    for (const std::string& id : request.transactional_ids) {
        TransactionState& refused = response.transaction_states.emplace_back();
        refused.transactional_id = id;
        refused.error_code = for_groups(error);
    }
    return response;
}

} // namespace kafka::api
