// DescribeAcls: there is no authorizer yet, which is what clients are told, as by a Kafka without one.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::describe_acls;
using wire::ErrorCode;

void handle(Broker& broker, Call& call, Request& request) {
    Response response = refuse(request, call.version(), ErrorCode::security_disabled);
    response.error_message = "No authorizer is configured";
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request&, int16_t, ErrorCode error) {
    Response response;
    response.error_code = error;
    response.error_message = std::nullopt;
    return response;
}

} // namespace kafka::api
