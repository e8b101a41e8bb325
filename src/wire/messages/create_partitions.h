// CreatePartitions (API key 37, KIP-195): adds partitions to topics.
// v1 as before; v2 flexible; v3 THROTTLING_QUOTA_EXCEEDED (KIP-599).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::create_partitions {

struct Response;

struct CreatePartitionsAssignment {
    std::vector<int32_t> broker_ids;
    static void fields(auto& io, auto& m) { io(m.broker_ids); }
};

struct CreatePartitionsTopic {
    std::string name;
    int32_t count = 0; ///< of the topic's partitions in the end
    /// Of those that are added; null: as the broker likes.
    std::optional<std::vector<CreatePartitionsAssignment>> assignments =
        std::vector<CreatePartitionsAssignment>();
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.count);
        io(m.assignments);
    }
};

struct Request {
    using Response = create_partitions::Response;
    static constexpr Api api{37, "CreatePartitions", {0, 3}, 2};
    std::vector<CreatePartitionsTopic> topics;
    int32_t timeout_ms = 0;
    bool validate_only = false; ///< answer as if, add nothing
    static void fields(auto& io, auto& m) {
        io(m.topics);
        io(m.timeout_ms);
        io(m.validate_only);
    }
};

struct CreatePartitionsTopicResult {
    std::string name;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.error_code);
        io(m.error_message);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<CreatePartitionsTopicResult> results;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.results);
    }
};

} // namespace kafka::wire::create_partitions
