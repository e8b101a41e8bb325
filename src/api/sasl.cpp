// SaslHandshake, SaslAuthenticate: nobody is asked who they are, so there is nothing to agree on; a client that is set up to
// authenticate is told so, rather than to wait. What a client sends after SaslHandshake v0 has no header, and ends the connection.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using wire::ErrorCode;

void handle(Broker& broker, Call& call, wire::sasl_handshake::Request& request) {
    broker.answer(std::move(call), refuse(request, call.version(), ErrorCode::illegal_sasl_state));
}

void handle(Broker& broker, Call& call, wire::sasl_authenticate::Request& request) {
    auto response = refuse(request, call.version(), ErrorCode::illegal_sasl_state);
    response.error_message = "This broker does not authenticate its clients";
    broker.answer(std::move(call), std::move(response));
}

wire::sasl_handshake::Response refuse(const wire::sasl_handshake::Request&, int16_t, ErrorCode error) {
    return {error, {}};
}

wire::sasl_authenticate::Response refuse(const wire::sasl_authenticate::Request&, int16_t, ErrorCode error) {
    wire::sasl_authenticate::Response response;
    response.error_code = error;
    response.error_message = std::nullopt;
    return response;
}

} // namespace kafka::api
