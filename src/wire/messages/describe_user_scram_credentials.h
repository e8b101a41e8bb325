// DescribeUserScramCredentials (API key 50, KIP-554): with which SCRAM mechanisms users can authenticate.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::describe_user_scram_credentials {

struct Response;

struct UserName {
    std::string name;
    static void fields(auto& io, auto& m) { io(m.name); }
};

struct Request {
    using Response = describe_user_scram_credentials::Response;
    static constexpr Api api{50, "DescribeUserScramCredentials", {0, 0}, 0};
    std::optional<std::vector<UserName>> users = std::vector<UserName>(); ///< null or empty: all users
    static void fields(auto& io, auto& m) { io(m.users); }
};

struct CredentialInfo {
    int8_t mechanism = 0; ///< 1 SCRAM-SHA-256, 2 SCRAM-SHA-512
    int32_t iterations = 0;
    static void fields(auto& io, auto& m) {
        io(m.mechanism);
        io(m.iterations);
    }
};

struct DescribeUserScramCredentialsResult {
    std::string user;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::vector<CredentialInfo> credential_infos;
    static void fields(auto& io, auto& m) {
        io(m.user);
        io(m.error_code);
        io(m.error_message);
        io(m.credential_infos);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::vector<DescribeUserScramCredentialsResult> results; ///< one for each user
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code);
        io(m.error_message);
        io(m.results);
    }
};

} // namespace kafka::wire::describe_user_scram_credentials
