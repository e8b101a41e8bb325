// CreateTopics (API key 19).
// v4 -1 for the broker's default of partitions and replicas (KIP-464); v5 flexible, and the response
// describes the topic (KIP-525); v6 THROTTLING_QUOTA_EXCEEDED (KIP-599); v7 topic ids (KIP-516).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::create_topics {

struct Response;

struct CreatableReplicaAssignment {
    int32_t partition_index = 0;
    std::vector<int32_t> broker_ids;
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.broker_ids);
    }
};

struct CreatableTopicConfig {
    std::string name;
    std::optional<std::string> value = "";
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.value);
    }
};

struct CreatableTopic {
    std::string name;
    int32_t num_partitions = 0;     ///< -1: as `assignments` says, or the broker's default
    int16_t replication_factor = 0; ///< -1: as `assignments` says, or the broker's default
    std::vector<CreatableReplicaAssignment> assignments;
    std::vector<CreatableTopicConfig> configs;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.num_partitions);
        io(m.replication_factor);
        io(m.assignments);
        io(m.configs);
    }
};

struct Request {
    using Response = create_topics::Response;
    static constexpr Api api{19, "CreateTopics", {2, 7}, 5};
    std::vector<CreatableTopic> topics;
    int32_t timeout_ms = 60000;
    bool validate_only = false; ///< answer as if, create nothing
    static void fields(auto& io, auto& m) {
        io(m.topics);
        io(m.timeout_ms);
        io(m.validate_only);
    }
};

struct CreatableTopicConfigs {
    std::string name;
    std::optional<std::string> value = "";
    bool read_only = false;
    int8_t config_source = -1; ///< 1 topic, 4 static broker, 5 default
    bool is_sensitive = false;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.value);
        io(m.read_only);
        io(m.config_source);
        io(m.is_sensitive);
    }
};

struct CreatableTopicResult {
    std::string name;
    Uuid topic_id{};
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::optional<int16_t> topic_config_error_code; ///< why `configs` is null
    int32_t num_partitions = -1;
    int16_t replication_factor = -1;
    std::optional<std::vector<CreatableTopicConfigs>> configs = std::vector<CreatableTopicConfigs>();
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.topic_id, v(7));
        io(m.error_code);
        io(m.error_message);
        io(m.num_partitions, v(5));
        io(m.replication_factor, v(5));
        io(m.configs, v(5));
    }
    static void tags(auto& io, auto& m) { io.tag(0, m.topic_config_error_code, v(5)); }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<CreatableTopicResult> topics;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.topics);
    }
};

} // namespace kafka::wire::create_topics
