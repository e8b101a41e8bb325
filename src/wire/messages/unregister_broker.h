// UnregisterBroker (API key 64, KIP-500): takes a broker that is gone for good out of the cluster.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::unregister_broker {

struct Response;

struct Request {
    using Response = unregister_broker::Response;
    static constexpr Api api{64, "UnregisterBroker", {0, 0}, 0};
    int32_t broker_id = 0;
    static void fields(auto& io, auto& m) { io(m.broker_id); }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code);
        io(m.error_message);
    }
};

} // namespace kafka::wire::unregister_broker
