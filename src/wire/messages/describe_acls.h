// DescribeAcls (API key 29, KIP-140): the ACLs that a filter lets through.
// v1 pattern types (KIP-290); v2 flexible; v3 user resource type (KIP-373).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::describe_acls {

struct Response;

struct Request {
    using Response = describe_acls::Response;
    static constexpr Api api{29, "DescribeAcls", {1, 3}, 2};
    int8_t resource_type_filter = 0;
    std::optional<std::string> resource_name_filter = "";
    int8_t pattern_type_filter = 3;
    std::optional<std::string> principal_filter = "", host_filter = "";
    int8_t operation = 0, permission_type = 0;
    static void fields(auto& io, auto& m) {
        io(m.resource_type_filter);
        io(m.resource_name_filter);
        io(m.pattern_type_filter);
        io(m.principal_filter);
        io(m.host_filter);
        io(m.operation);
        io(m.permission_type);
    }
};

struct AclDescription {
    std::string principal, host;
    int8_t operation = 0, permission_type = 0;
    static void fields(auto& io, auto& m) {
        io(m.principal);
        io(m.host);
        io(m.operation);
        io(m.permission_type);
    }
};

struct DescribeAclsResource {
    int8_t resource_type = 0;
    std::string resource_name;
    int8_t pattern_type = 3;
    std::vector<AclDescription> acls;
    static void fields(auto& io, auto& m) {
        io(m.resource_type);
        io(m.resource_name);
        io(m.pattern_type);
        io(m.acls);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::vector<DescribeAclsResource> resources;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code);
        io(m.error_message);
        io(m.resources);
    }
};

} // namespace kafka::wire::describe_acls
