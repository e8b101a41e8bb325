// DeleteAcls (API key 31, KIP-140): deletes the ACLs that any of the filters lets through.
// v1 pattern types (KIP-290); v2 flexible; v3 user resource type (KIP-373).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::delete_acls {

struct Response;

struct DeleteAclsFilter {
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

struct Request {
    using Response = delete_acls::Response;
    static constexpr Api api{31, "DeleteAcls", {1, 3}, 2};
    std::vector<DeleteAclsFilter> filters;
    static void fields(auto& io, auto& m) { io(m.filters); }
};

struct DeleteAclsMatchingAcl {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    int8_t resource_type = 0;
    std::string resource_name;
    int8_t pattern_type = 3;
    std::string principal, host;
    int8_t operation = 0, permission_type = 0;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.error_message);
        io(m.resource_type);
        io(m.resource_name);
        io(m.pattern_type);
        io(m.principal);
        io(m.host);
        io(m.operation);
        io(m.permission_type);
    }
};

struct DeleteAclsFilterResult {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::vector<DeleteAclsMatchingAcl> matching_acls;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.error_message);
        io(m.matching_acls);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<DeleteAclsFilterResult> filter_results; ///< one for each filter, in their order
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.filter_results);
    }
};

} // namespace kafka::wire::delete_acls
