// DescribeGroups (API key 15): state and members of classic groups.
// v1 throttle_time_ms; v3 authorized operations (KIP-430); v4 group_instance_id (KIP-345); v5 flexible; v6
// GROUP_ID_NOT_FOUND, where lower versions say that a group is Dead, and error_message (KIP-1043).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::describe_groups {

struct Response;

struct Request {
    using Response = describe_groups::Response;
    static constexpr Api api{15, "DescribeGroups", {0, 6}, 5};
    std::vector<std::string> groups;
    bool include_authorized_operations = false;
    static void fields(auto& io, auto& m) {
        io(m.groups);
        io(m.include_authorized_operations, v(3));
    }
};

struct DescribedGroupMember {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::string client_id;
    std::string client_host;
    Slice member_metadata;   ///< for protocol_data; empty unless the group is Stable
    Slice member_assignment; ///< empty unless the group is Stable
    static void fields(auto& io, auto& m) {
        io(m.member_id);
        io(m.group_instance_id, v(4));
        io(m.client_id);
        io(m.client_host);
        io(m.member_metadata);
        io(m.member_assignment);
    }
};

struct DescribedGroup {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::string group_id;
    std::string group_state; ///< Empty, PreparingRebalance, CompletingRebalance, Stable or Dead
    std::string protocol_type;
    std::string protocol_data; ///< the protocol that was chosen; empty unless the group is Stable
    std::vector<DescribedGroupMember> members;
    int32_t authorized_operations = operations_not_requested;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.error_message, v(6));
        io(m.group_id);
        io(m.group_state);
        io(m.protocol_type);
        io(m.protocol_data);
        io(m.members);
        io(m.authorized_operations, v(3));
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<DescribedGroup> groups;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms, v(1));
        io(m.groups);
    }
};

} // namespace kafka::wire::describe_groups
