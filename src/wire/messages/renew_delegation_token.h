// RenewDelegationToken (API key 39, KIP-48): lets a delegation token be valid for longer.
// v2 flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::renew_delegation_token {

struct Response;

struct Request {
    using Response = renew_delegation_token::Response;
    static constexpr Api api{39, "RenewDelegationToken", {1, 2}, 2};
    View hmac; ///< which token
    int64_t renew_period_ms = 0;
    static void fields(auto& io, auto& m) {
        io(m.hmac);
        io(m.renew_period_ms);
    }
};

struct Response {
    ErrorCode error_code = ErrorCode::none;
    int64_t expiry_timestamp_ms = 0; ///< -1 with an error
    int32_t throttle_time_ms = 0;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.expiry_timestamp_ms);
        io(m.throttle_time_ms);
    }
};

} // namespace kafka::wire::renew_delegation_token
