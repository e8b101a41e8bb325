// EndTxn: commits or aborts a producer's transaction. Its markers, the offsets that it commits for groups and what is stored of it
// are one database transaction, so that whoever has the answer finds all of it. See txn/transactions_end.cpp.
//
// v1 as before; v2 PRODUCER_FENCED; v3 flexible; v4 TRANSACTION_ABORTABLE; v5 the next epoch, with each end (KIP-890).
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::end_txn;

void handle(Broker& broker, Call& call, Request& request) {
    broker.transactions.ask(call, request, request.transactional_id, &txn::Transactions::end);
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    return refusal_for_groups<Response>(error);
}

} // namespace kafka::api
