// SaslAuthenticate (API key 36, KIP-152): what client and broker say to each other in the agreed mechanism.
// v1 session_lifetime_ms (KIP-368); v2 flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::sasl_authenticate {

struct Response;

struct Request {
    using Response = sasl_authenticate::Response;
    static constexpr Api api{36, "SaslAuthenticate", {0, 2}, 2};
    View auth_bytes; ///< as the mechanism has them
    static void fields(auto& io, auto& m) { io(m.auth_bytes); }
};

struct Response {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    Slice auth_bytes;
    int64_t session_lifetime_ms = 0; ///< when to authenticate again; 0: never
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.error_message);
        io(m.auth_bytes);
        io(m.session_lifetime_ms, v(1));
    }
};

} // namespace kafka::wire::sasl_authenticate
