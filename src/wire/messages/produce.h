// Produce (API key 0): appends record batches to partitions.
// v3 record batches v2 and transactional_id; v5 log_start_offset; v7 zstd (KIP-110); v8 record_errors
// (KIP-467); v9 flexible; v10 current_leader, node_endpoints (KIP-951); v11 and v12 mean more for
// transactions (KIP-890); v13 topic ids (KIP-516). v0 to v2 are advertised, because old librdkafka does not
// compress without, and refused.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::produce {

struct Response;

struct PartitionProduceData {
    int32_t index = 0;
    Records records;
    static void fields(auto& io, auto& m) {
        io(m.index);
        io(m.records);
    }
};

struct TopicProduceData {
    std::string name; ///< until v12
    Uuid topic_id{};  ///< since v13
    std::vector<PartitionProduceData> partition_data;
    static void fields(auto& io, auto& m) {
        io(m.name, v(0, 12));
        io(m.topic_id, v(13));
        io(m.partition_data);
    }
};

struct Request {
    using Response = produce::Response;
    static constexpr Api api{0, "Produce", {3, 13}, 9, 0};
    std::optional<std::string> transactional_id; ///< null: not transactional
    int16_t acks = 0; ///< -1 all in-sync replicas, 1 the leader, 0 no response at all
    int32_t timeout_ms = 0;
    std::vector<TopicProduceData> topic_data;
    static void fields(auto& io, auto& m) {
        io(m.transactional_id);
        io(m.acks);
        io(m.timeout_ms);
        io(m.topic_data);
    }
};

struct BatchIndexAndErrorMessage {
    int32_t batch_index = 0; ///< of the refused record within its batch
    std::optional<std::string> batch_index_error_message;
    static void fields(auto& io, auto& m) {
        io(m.batch_index);
        io(m.batch_index_error_message);
    }
};

struct LeaderIdAndEpoch {
    int32_t leader_id = -1; ///< -1: unknown
    int32_t leader_epoch = -1;
    static void fields(auto& io, auto& m) {
        io(m.leader_id);
        io(m.leader_epoch);
    }
};

struct PartitionProduceResponse {
    int32_t index = 0;
    ErrorCode error_code = ErrorCode::none;
    int64_t base_offset = 0;         ///< of the batch; -1 on failure
    int64_t log_append_time_ms = -1; ///< -1 unless the topic's timestamps are LogAppendTime
    int64_t log_start_offset = -1;
    std::vector<BatchIndexAndErrorMessage>
        record_errors; ///< the records because of which the batch was refused
    std::optional<std::string> error_message;
    std::optional<LeaderIdAndEpoch> current_leader; ///< only with NOT_LEADER_OR_FOLLOWER
    static void fields(auto& io, auto& m) {
        io(m.index);
        io(m.error_code);
        io(m.base_offset);
        io(m.log_append_time_ms);
        io(m.log_start_offset, v(5));
        io(m.record_errors, v(8));
        io(m.error_message, v(8));
    }
    static void tags(auto& io, auto& m) { io.tag(0, m.current_leader, v(10)); }
};

struct TopicProduceResponse {
    std::string name; ///< until v12
    Uuid topic_id{};  ///< since v13
    std::vector<PartitionProduceResponse> partition_responses;
    static void fields(auto& io, auto& m) {
        io(m.name, v(0, 12));
        io(m.topic_id, v(13));
        io(m.partition_responses);
    }
};

struct NodeEndpoint {
    int32_t node_id = 0;
    std::string host;
    int32_t port = 0;
    std::optional<std::string> rack;
    static void fields(auto& io, auto& m) {
        io(m.node_id);
        io(m.host);
        io(m.port);
        io(m.rack);
    }
};

struct Response {
    std::vector<TopicProduceResponse> responses;
    int32_t throttle_time_ms = 0;
    std::optional<std::vector<NodeEndpoint>> node_endpoints; ///< of the leaders in current_leader
    static void fields(auto& io, auto& m) {
        io(m.responses);
        io(m.throttle_time_ms);
    }
    static void tags(auto& io, auto& m) { io.tag(0, m.node_endpoints, v(10)); }
};

} // namespace kafka::wire::produce
