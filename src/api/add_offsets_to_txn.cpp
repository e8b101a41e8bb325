// AddOffsetsToTxn: a transaction is about to commit offsets of a group.
//
// v1 as before; v2 PRODUCER_FENCED; v3 flexible; v4 TRANSACTION_ABORTABLE.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::add_offsets_to_txn;

void handle(Broker& broker, Call& call, Request& request) {
    broker.transactions.ask(call, request, "", &txn::Transactions::add_offsets);
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    return refusal_for_groups<Response>(error);
}

} // namespace kafka::api
