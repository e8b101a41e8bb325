// AlterPartitionReassignments (API key 45, KIP-455): has partitions kept by other brokers, or ends that.
// v1 AllowReplicationFactorChange (KIP-860).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::alter_partition_reassignments {

struct Response;

struct ReassignablePartition {
    int32_t partition_index = 0;
    std::optional<std::vector<int32_t>> replicas; ///< null: what is going on is to end
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.replicas);
    }
};

struct ReassignableTopic {
    std::string name;
    std::vector<ReassignablePartition> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct Request {
    using Response = alter_partition_reassignments::Response;
    static constexpr Api api{45, "AlterPartitionReassignments", {0, 1}, 0};
    int32_t timeout_ms = 60000;
    bool allow_replication_factor_change = true;
    std::vector<ReassignableTopic> topics;
    static void fields(auto& io, auto& m) {
        io(m.timeout_ms);
        io(m.allow_replication_factor_change, v(1));
        io(m.topics);
    }
};

struct ReassignablePartitionResponse {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.error_code);
        io(m.error_message);
    }
};

struct ReassignableTopicResponse {
    std::string name;
    std::vector<ReassignablePartitionResponse> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    bool allow_replication_factor_change = true;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::vector<ReassignableTopicResponse> responses;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.allow_replication_factor_change, v(1));
        io(m.error_code);
        io(m.error_message);
        io(m.responses);
    }
};

} // namespace kafka::wire::alter_partition_reassignments
