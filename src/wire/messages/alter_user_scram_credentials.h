// AlterUserScramCredentials (API key 51, KIP-554): sets and removes what users authenticate with by SCRAM.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::alter_user_scram_credentials {

struct Response;

struct ScramCredentialDeletion {
    std::string name;
    int8_t mechanism = 0; ///< 1 SCRAM-SHA-256, 2 SCRAM-SHA-512
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.mechanism);
    }
};

struct ScramCredentialUpsertion {
    std::string name;
    int8_t mechanism = 0;
    int32_t iterations = 0;
    View salt;
    View salted_password;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.mechanism);
        io(m.iterations);
        io(m.salt);
        io(m.salted_password);
    }
};

struct Request {
    using Response = alter_user_scram_credentials::Response;
    static constexpr Api api{51, "AlterUserScramCredentials", {0, 0}, 0};
    std::vector<ScramCredentialDeletion> deletions;
    std::vector<ScramCredentialUpsertion> upsertions;
    static void fields(auto& io, auto& m) {
        io(m.deletions);
        io(m.upsertions);
    }
};

struct AlterUserScramCredentialsResult {
    std::string user;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    static void fields(auto& io, auto& m) {
        io(m.user);
        io(m.error_code);
        io(m.error_message);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<AlterUserScramCredentialsResult> results; ///< one for each user, whatever is asked of it
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.results);
    }
};

} // namespace kafka::wire::alter_user_scram_credentials
