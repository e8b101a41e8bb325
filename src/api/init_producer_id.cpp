// InitProducerId: an id and an epoch for a producer that wants each of its records stored once.
//
// v1 as before; v2 flexible; v3 the id and epoch that the producer has (KIP-360): one that is idempotent only gets a new id all the
// same; v4 and v5 errors of transactions.
//
// Not implemented: transactions; a transactional id is refused.
#include "api/handlers.h"

namespace kafka::api {

using namespace wire::init_producer_id;
using wire::ErrorCode;

namespace {

ErrorCode error_of(const Request& request) {
    if ((request.producer_id == -1) != (request.producer_epoch == -1)) return ErrorCode::invalid_request;
    if (!request.transactional_id) return ErrorCode::none;
    return request.transactional_id->empty() ? ErrorCode::invalid_request
                                             : ErrorCode::transactional_id_authorization_failed;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    Response response = refuse(request, call.version(), error_of(request));
    if (response.error_code == ErrorCode::none) {
        response.producer_id = broker.producer_ids.next();
        response.producer_epoch = 0;
    }
    broker.answer(std::move(call), std::move(response));
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
