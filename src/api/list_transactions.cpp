// ListTransactions: the transactional ids that there are, for kafka-transactions (KIP-664).
//
// v1 by the age of their transactions (KIP-994); v2 by a pattern (KIP-1152).
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::list_transactions;

void handle(Broker& broker, Call& call, Request& request) {
    const txn::Transactions* transactions = broker.transactions.look(call);
    if (!transactions) return;
    Response response = transactions->list(broker.now_ms(), request);
    broker.transactions.answer(std::move(call), std::move(response));
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    return refusal_for_groups<Response>(error);
}

} // namespace kafka::api
