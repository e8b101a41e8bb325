// DescribeProducers (API key 61, KIP-664): who has written to a partition of late, and what they have open in it.
// v0 only, which is flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::describe_producers {

struct Response;

struct TopicRequest {
    std::string name;
    std::vector<int32_t> partition_indexes;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partition_indexes);
    }
};

struct Request {
    using Response = describe_producers::Response;
    static constexpr Api api{61, "DescribeProducers", {0, 0}, 0};
    std::vector<TopicRequest> topics;
    static void fields(auto& io, auto& m) { io(m.topics); }
};

struct ProducerState {
    int64_t producer_id = 0;
    int32_t producer_epoch = 0;
    int32_t last_sequence = -1;
    int64_t last_timestamp = -1;
    int32_t coordinator_epoch = 0;
    int64_t current_txn_start_offset = -1; ///< -1: nothing is open
    static void fields(auto& io, auto& m) {
        io(m.producer_id);
        io(m.producer_epoch);
        io(m.last_sequence);
        io(m.last_timestamp);
        io(m.coordinator_epoch);
        io(m.current_txn_start_offset);
    }
};

struct PartitionResponse {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::vector<ProducerState> active_producers;
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.error_code);
        io(m.error_message);
        io(m.active_producers);
    }
};

struct TopicResponse {
    std::string name;
    std::vector<PartitionResponse> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<TopicResponse> topics;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.topics);
    }
};

} // namespace kafka::wire::describe_producers
