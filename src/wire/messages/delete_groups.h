// DeleteGroups (API key 42, KIP-229): deletes groups without members, and what they have committed.
// v2 flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::delete_groups {

struct Response;

struct Request {
    using Response = delete_groups::Response;
    static constexpr Api api{42, "DeleteGroups", {0, 2}, 2};
    std::vector<std::string> groups_names;
    static void fields(auto& io, auto& m) { io(m.groups_names); }
};

struct DeletableGroupResult {
    std::string group_id;
    ErrorCode error_code = ErrorCode::none;
    static void fields(auto& io, auto& m) {
        io(m.group_id);
        io(m.error_code);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<DeletableGroupResult> results;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.results);
    }
};

} // namespace kafka::wire::delete_groups
