// CreateDelegationToken (API key 38, KIP-48): a secret with which others may act as the token's owner for a while.
// v2 flexible; v3 tokens for another owner than the requester (KIP-373).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::create_delegation_token {

struct Response;

struct CreatableRenewers {
    std::string principal_type, principal_name;
    static void fields(auto& io, auto& m) {
        io(m.principal_type);
        io(m.principal_name);
    }
};

struct Request {
    using Response = create_delegation_token::Response;
    static constexpr Api api{38, "CreateDelegationToken", {1, 3}, 2};
    std::optional<std::string> owner_principal_type = "",
                               owner_principal_name = ""; ///< null or empty: the requester
    std::vector<CreatableRenewers> renewers;
    int64_t max_lifetime_ms = 0; ///< -1: as long as the broker allows
    static void fields(auto& io, auto& m) {
        io(m.owner_principal_type, v(3));
        io(m.owner_principal_name, v(3));
        io(m.renewers);
        io(m.max_lifetime_ms);
    }
};

struct Response {
    ErrorCode error_code = ErrorCode::none;
    std::string principal_type, principal_name; ///< the owner
    std::string token_requester_principal_type, token_requester_principal_name;
    int64_t issue_timestamp_ms = 0, expiry_timestamp_ms = 0, max_timestamp_ms = 0; ///< -1: there is no token
    std::string token_id;
    Slice hmac; ///< the secret
    int32_t throttle_time_ms = 0;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.principal_type);
        io(m.principal_name);
        io(m.token_requester_principal_type, v(3));
        io(m.token_requester_principal_name, v(3));
        io(m.issue_timestamp_ms);
        io(m.expiry_timestamp_ms);
        io(m.max_timestamp_ms);
        io(m.token_id);
        io(m.hmac);
        io(m.throttle_time_ms);
    }
};

} // namespace kafka::wire::create_delegation_token
