// UnregisterBroker: no broker but this one is registered, and it stays. A Kafka lets go even of its last broker, and is then of no use.
#include "api/handlers.h"

namespace kafka::api {

using namespace wire::unregister_broker;
using wire::ErrorCode;

void handle(Broker& broker, Call& call, Request& request) {
    const std::string id = std::to_string(request.broker_id);
    Response response;
    if (request.broker_id == broker.settings.node_id) {
        response.error_code = ErrorCode::invalid_request;
        response.error_message = "Broker " + id + " is the only one, and running";
    } else {
        response.error_code = ErrorCode::broker_id_not_registered;
        response.error_message = "There is no broker " + id;
    }
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request&, int16_t, ErrorCode error) {
    Response response;
    response.error_code = error;
    response.error_message = std::nullopt;
    return response;
}

} // namespace kafka::api
