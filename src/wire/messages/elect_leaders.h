// ElectLeaders (API key 43, KIP-183, KIP-460): has partitions led by another replica.
// v1 election type, and an error for the whole request; v2 flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::elect_leaders {

struct Response;

struct TopicPartitions {
    std::string topic;
    std::vector<int32_t> partitions;
    static void fields(auto& io, auto& m) {
        io(m.topic);
        io(m.partitions);
    }
};

struct Request {
    using Response = elect_leaders::Response;
    static constexpr Api api{43, "ElectLeaders", {0, 2}, 2};
    int8_t election_type = 0; ///< 0: of the preferred replica, 1: unclean
    std::optional<std::vector<TopicPartitions>> topic_partitions =
        std::vector<TopicPartitions>(); ///< null: all there are
    int32_t timeout_ms = 60000;
    static void fields(auto& io, auto& m) {
        io(m.election_type, v(1));
        io(m.topic_partitions);
        io(m.timeout_ms);
    }
};

struct PartitionResult {
    int32_t partition_id = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    static void fields(auto& io, auto& m) {
        io(m.partition_id);
        io(m.error_code);
        io(m.error_message);
    }
};

struct ReplicaElectionResult {
    std::string topic;
    std::vector<PartitionResult> partition_result;
    static void fields(auto& io, auto& m) {
        io(m.topic);
        io(m.partition_result);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<ReplicaElectionResult> replica_election_results;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code, v(1));
        io(m.replica_election_results);
    }
};

} // namespace kafka::wire::elect_leaders
