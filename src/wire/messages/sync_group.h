// SyncGroup (API key 14): the leader hands in what each member is to do, every member gets its part of it.
// v1 throttle_time_ms; v3 group_instance_id (KIP-345); v4 flexible; v5 protocol_type and protocol_name
// (KIP-559).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::sync_group {

struct Response;

struct SyncGroupRequestAssignment {
    std::string member_id;
    View assignment; ///< of consumers: their partitions
    static void fields(auto& io, auto& m) {
        io(m.member_id);
        io(m.assignment);
    }
};

struct Request {
    using Response = sync_group::Response;
    static constexpr Api api{14, "SyncGroup", {0, 5}, 4};
    std::string group_id;
    int32_t generation_id = 0;
    std::string member_id;
    std::optional<std::string> group_instance_id;        ///< null: not a static member
    std::optional<std::string> protocol_type;            ///< null: not to be checked
    std::optional<std::string> protocol_name;            ///< null: not to be checked
    std::vector<SyncGroupRequestAssignment> assignments; ///< from the leader alone
    static void fields(auto& io, auto& m) {
        io(m.group_id);
        io(m.generation_id);
        io(m.member_id);
        io(m.group_instance_id, v(3));
        io(m.protocol_type, v(5));
        io(m.protocol_name, v(5));
        io(m.assignments);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    Slice assignment; ///< empty where the leader has none for the member
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms, v(1));
        io(m.error_code);
        io(m.protocol_type, v(5));
        io(m.protocol_name, v(5));
        io(m.assignment);
    }
};

} // namespace kafka::wire::sync_group
