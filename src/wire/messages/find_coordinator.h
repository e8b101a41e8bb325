// FindCoordinator (API key 10): which broker coordinates a group or a transactional id.
// v1 key_type, error_message; v3 flexible; v4 several keys at once (KIP-699); v5 TRANSACTION_ABORTABLE
// (KIP-890); v6 share groups (KIP-932).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::find_coordinator {

struct Response;

struct Request {
    using Response = find_coordinator::Response;
    static constexpr Api api{10, "FindCoordinator", {0, 6}, 3};
    std::string key;                           ///< until v3
    int8_t key_type = 0;                       ///< 0 group, 1 transaction, 2 share
    std::vector<std::string> coordinator_keys; ///< since v4
    static void fields(auto& io, auto& m) {
        io(m.key, v(0, 3));
        io(m.key_type, v(1));
        io(m.coordinator_keys, v(4));
    }
};

struct Coordinator {
    std::string key;
    int32_t node_id = 0;
    std::string host;
    int32_t port = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    static void fields(auto& io, auto& m) {
        io(m.key);
        io(m.node_id);
        io(m.host);
        io(m.port);
        io(m.error_code);
        io(m.error_message);
    }
};

/// Until v3 the answer is in the fields of the response itself, since v4 in `coordinators`.
struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    int32_t node_id = 0;
    std::string host;
    int32_t port = 0;
    std::vector<Coordinator> coordinators;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms, v(1));
        io(m.error_code, v(0, 3));
        io(m.error_message, v(1, 3));
        io(m.node_id, v(0, 3));
        io(m.host, v(0, 3));
        io(m.port, v(0, 3));
        io(m.coordinators, v(4));
    }
};

} // namespace kafka::wire::find_coordinator
