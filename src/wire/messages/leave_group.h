// LeaveGroup (API key 13): a member leaves its group, or a tool removes several.
// v1 throttle_time_ms; v3 several members, by their instance ids, too (KIP-345); v4 flexible; v5 reason
// (KIP-800).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::leave_group {

struct Response;

struct MemberIdentity {
    std::string member_id; ///< empty: by group_instance_id
    std::optional<std::string> group_instance_id;
    std::optional<std::string> reason; ///< for the log
    static void fields(auto& io, auto& m) {
        io(m.member_id);
        io(m.group_instance_id);
        io(m.reason, v(5));
    }
};

struct Request {
    using Response = leave_group::Response;
    static constexpr Api api{13, "LeaveGroup", {0, 5}, 4};
    std::string group_id;
    std::string member_id;               ///< until v2
    std::vector<MemberIdentity> members; ///< since v3
    static void fields(auto& io, auto& m) {
        io(m.group_id);
        io(m.member_id, v(0, 2));
        io(m.members, v(3));
    }
};

struct MemberResponse {
    std::string member_id;
    std::optional<std::string> group_instance_id = "";
    ErrorCode error_code = ErrorCode::none;
    static void fields(auto& io, auto& m) {
        io(m.member_id);
        io(m.group_instance_id);
        io(m.error_code);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none; ///< of the whole request; until v2 that of the one member, too
    std::vector<MemberResponse> members;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms, v(1));
        io(m.error_code);
        io(m.members, v(3));
    }
};

} // namespace kafka::wire::leave_group
