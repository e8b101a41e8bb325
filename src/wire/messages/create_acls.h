// CreateAcls (API key 30, KIP-140): who may do what to which resource.
// v1 pattern types (KIP-290); v2 flexible; v3 user resource type (KIP-373).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::create_acls {

struct Response;

struct AclCreation {
    int8_t resource_type = 0;
    std::string resource_name;
    int8_t resource_pattern_type = 3; ///< 3 this name, 4 a prefix of names
    std::string principal, host;
    int8_t operation = 0, permission_type = 0;
    static void fields(auto& io, auto& m) {
        io(m.resource_type);
        io(m.resource_name);
        io(m.resource_pattern_type);
        io(m.principal);
        io(m.host);
        io(m.operation);
        io(m.permission_type);
    }
};

struct Request {
    using Response = create_acls::Response;
    static constexpr Api api{30, "CreateAcls", {1, 3}, 2};
    std::vector<AclCreation> creations;
    static void fields(auto& io, auto& m) { io(m.creations); }
};

struct AclCreationResult {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.error_message);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<AclCreationResult> results; ///< one for each creation, in their order
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.results);
    }
};

} // namespace kafka::wire::create_acls
