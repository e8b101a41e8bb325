// Heartbeat (API key 12): a member is alive, and learns whether its group rebalances.
// v1 throttle_time_ms; v3 group_instance_id (KIP-345); v4 flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::heartbeat {

struct Response;

struct Request {
    using Response = heartbeat::Response;
    static constexpr Api api{12, "Heartbeat", {0, 4}, 4};
    std::string group_id;
    int32_t generation_id = 0;
    std::string member_id;
    std::optional<std::string> group_instance_id; ///< null: not a static member
    static void fields(auto& io, auto& m) {
        io(m.group_id);
        io(m.generation_id);
        io(m.member_id);
        io(m.group_instance_id, v(3));
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms, v(1));
        io(m.error_code);
    }
};

} // namespace kafka::wire::heartbeat
