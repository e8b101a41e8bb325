// SaslHandshake (API key 17, KIP-43): the mechanism with which a client is about to authenticate.
// v1 what follows is in SaslAuthenticate requests rather than in frames without a header (KIP-152).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::sasl_handshake {

struct Response;

struct Request {
    using Response = sasl_handshake::Response;
    static constexpr Api api{17, "SaslHandshake", {0, 1}, never_flexible};
    std::string mechanism;
    static void fields(auto& io, auto& m) { io(m.mechanism); }
};

struct Response {
    ErrorCode error_code = ErrorCode::none;
    std::vector<std::string> mechanisms; ///< that the broker offers
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.mechanisms);
    }
};

} // namespace kafka::wire::sasl_handshake
