// DescribeClientQuotas: there are none, whatever is asked for (alter_client_quotas.cpp).
#include "api/handlers.h"

namespace kafka::api {

using namespace wire::describe_client_quotas;

void handle(Broker& broker, Call& call, Request&) {
    Response response;
    response.error_message = std::nullopt;
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    Response response;
    response.error_code = error;
    response.error_message = "The quotas could not be described";
    response.entries = std::nullopt;
    return response;
}

} // namespace kafka::api
