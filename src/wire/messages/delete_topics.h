// DeleteTopics (API key 20).
// v4 flexible; v5 error_message (KIP-599); v6 topic ids (KIP-516).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::delete_topics {

struct Response;

struct DeleteTopicState {
    std::optional<std::string> name; ///< null: by topic_id
    Uuid topic_id{};
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.topic_id);
    }
};

struct Request {
    using Response = delete_topics::Response;
    static constexpr Api api{20, "DeleteTopics", {1, 6}, 4};
    std::vector<DeleteTopicState> topics; ///< since v6
    std::vector<std::string> topic_names; ///< until v5
    int32_t timeout_ms = 0;
    static void fields(auto& io, auto& m) {
        io(m.topics, v(6));
        io(m.topic_names, v(0, 5));
        io(m.timeout_ms);
    }
};

struct DeletableTopicResult {
    std::optional<std::string> name = ""; ///< null since v6: no topic has the id that was asked for
    Uuid topic_id{};
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    static void fields(auto& io, auto& m) {
        io(m.name, v(0), nullable(6));
        io(m.topic_id, v(6));
        io(m.error_code);
        io(m.error_message, v(5));
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<DeletableTopicResult> responses;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.responses);
    }
};

} // namespace kafka::wire::delete_topics
