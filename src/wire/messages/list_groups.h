// ListGroups (API key 16): the groups that this broker coordinates.
// v1 throttle_time_ms; v3 flexible; v4 states (KIP-518); v5 types (KIP-848).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::list_groups {

struct Response;

struct Request {
    using Response = list_groups::Response;
    static constexpr Api api{16, "ListGroups", {0, 5}, 3};
    std::vector<std::string> states_filter; ///< empty: in any state
    std::vector<std::string> types_filter;  ///< empty: of any type
    static void fields(auto& io, auto& m) {
        io(m.states_filter, v(4));
        io(m.types_filter, v(5));
    }
};

struct ListedGroup {
    std::string group_id;
    std::string protocol_type; ///< empty: nobody has ever joined
    std::string group_state;
    std::string group_type; ///< "classic", "consumer", ...
    static void fields(auto& io, auto& m) {
        io(m.group_id);
        io(m.protocol_type);
        io(m.group_state, v(4));
        io(m.group_type, v(5));
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<ListedGroup> groups;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms, v(1));
        io(m.error_code);
        io(m.groups);
    }
};

} // namespace kafka::wire::list_groups
