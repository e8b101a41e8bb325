// DescribeClientQuotas: there are none, whatever is asked for (alter_client_quotas.cpp).
#include "api/handlers.h"

namespace kafka::api {

using namespace wire::describe_client_quotas;

void handle(Broker& broker, Call& call, Request&) {
    broker.answer(std::move(call), Response{.error_message = std::nullopt});
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    return {
        .error_code = error, .error_message = "The quotas could not be described", .entries = std::nullopt};
}

} // namespace kafka::api
