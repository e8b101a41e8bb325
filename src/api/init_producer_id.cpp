// InitProducerId: an id and an epoch for a producer that wants each of its records stored once, or transactions. What another
// producer with the same transactional id has open is aborted, and it is fenced (txn/transactions_producers.cpp).
//
// v1 as before; v2 flexible; v3 the id and epoch that the producer has (KIP-360): one that is idempotent only gets a new id all the
// same; v4 PRODUCER_FENCED; v5 TRANSACTION_ABORTABLE.
#include "api/handlers.h"

namespace kafka::api {

using namespace wire::init_producer_id;
using wire::ErrorCode;

void handle(Broker& broker, Call& call, Request& request) {
    broker.transactions.ask(call, request, request.transactional_id.value_or(""),
                            &txn::Transactions::init_producer_id);
}

/// Where no id could be had, Java's clients would give up on any other error.
Response refuse(const Request&, int16_t, ErrorCode error) {
    Response response;
    const bool no_id = error == ErrorCode::kafka_storage_error;
    response.error_code = no_id ? ErrorCode::coordinator_load_in_progress : error;
    response.producer_epoch = -1;
    return response;
}

} // namespace kafka::api
