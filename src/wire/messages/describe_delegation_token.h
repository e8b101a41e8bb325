// DescribeDelegationToken (API key 41, KIP-48): the delegation tokens of some owners.
// v2 flexible; v3 who asked for the token (KIP-373).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::describe_delegation_token {

struct Response;

struct DescribeDelegationTokenOwner {
    std::string principal_type, principal_name;
    static void fields(auto& io, auto& m) {
        io(m.principal_type);
        io(m.principal_name);
    }
};

struct Request {
    using Response = describe_delegation_token::Response;
    static constexpr Api api{41, "DescribeDelegationToken", {1, 3}, 2};
    std::optional<std::vector<DescribeDelegationTokenOwner>> owners =
        std::vector<DescribeDelegationTokenOwner>(); ///< null: of all owners
    static void fields(auto& io, auto& m) { io(m.owners); }
};

struct DescribedDelegationTokenRenewer {
    std::string principal_type, principal_name;
    static void fields(auto& io, auto& m) {
        io(m.principal_type);
        io(m.principal_name);
    }
};

struct DescribedDelegationToken {
    std::string principal_type, principal_name; ///< the owner
    std::string token_requester_principal_type, token_requester_principal_name;
    int64_t issue_timestamp = 0, expiry_timestamp = 0, max_timestamp = 0; ///< milliseconds
    std::string token_id;
    Slice hmac;
    std::vector<DescribedDelegationTokenRenewer> renewers;
    static void fields(auto& io, auto& m) {
        io(m.principal_type);
        io(m.principal_name);
        io(m.token_requester_principal_type, v(3));
        io(m.token_requester_principal_name, v(3));
        io(m.issue_timestamp);
        io(m.expiry_timestamp);
        io(m.max_timestamp);
        io(m.token_id);
        io(m.hmac);
        io(m.renewers);
    }
};

struct Response {
    ErrorCode error_code = ErrorCode::none;
    std::vector<DescribedDelegationToken> tokens;
    int32_t throttle_time_ms = 0;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.tokens);
        io(m.throttle_time_ms);
    }
};

} // namespace kafka::wire::describe_delegation_token
