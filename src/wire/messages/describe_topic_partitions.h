// DescribeTopicPartitions (API key 75, KIP-966): topics and their partitions, page by page.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::describe_topic_partitions {

struct Response;

struct TopicRequest {
    std::string name;
    static void fields(auto& io, auto& m) { io(m.name); }
};

/// Where a page begins.
struct Cursor {
    std::string topic_name;
    int32_t partition_index = 0;
    static void fields(auto& io, auto& m) {
        io(m.topic_name);
        io(m.partition_index);
    }
};

struct Request {
    using Response = describe_topic_partitions::Response;
    static constexpr Api api{75, "DescribeTopicPartitions", {0, 0}, 0};
    std::vector<TopicRequest> topics; ///< none: all there are
    int32_t response_partition_limit = 2000;
    std::optional<Cursor> cursor; ///< null: the first page
    static void fields(auto& io, auto& m) {
        io(m.topics);
        io(m.response_partition_limit);
        io(m.cursor);
    }
};

struct DescribeTopicPartitionsResponsePartition {
    ErrorCode error_code = ErrorCode::none;
    int32_t partition_index = 0;
    int32_t leader_id = 0;
    int32_t leader_epoch = -1;
    std::vector<int32_t> replica_nodes;
    std::vector<int32_t> isr_nodes;
    std::optional<std::vector<int32_t>> eligible_leader_replicas;
    std::optional<std::vector<int32_t>> last_known_elr;
    std::vector<int32_t> offline_replicas;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.partition_index);
        io(m.leader_id);
        io(m.leader_epoch);
        io(m.replica_nodes);
        io(m.isr_nodes);
        io(m.eligible_leader_replicas);
        io(m.last_known_elr);
        io(m.offline_replicas);
    }
};

struct DescribeTopicPartitionsResponseTopic {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> name = "";
    Uuid topic_id{};
    bool is_internal = false;
    std::vector<DescribeTopicPartitionsResponsePartition> partitions;
    int32_t topic_authorized_operations = INT32_MIN; ///< bits, see KIP-430
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.name);
        io(m.topic_id);
        io(m.is_internal);
        io(m.partitions);
        io(m.topic_authorized_operations);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<DescribeTopicPartitionsResponseTopic> topics;
    std::optional<Cursor> next_cursor; ///< null: this was the last page
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.topics);
        io(m.next_cursor);
    }
};

} // namespace kafka::wire::describe_topic_partitions
