// AlterReplicaLogDirs (API key 34, KIP-113): in which of its directories the broker is to keep partitions.
// v2 flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::alter_replica_log_dirs {

struct Response;

struct AlterReplicaLogDirTopic {
    std::string name;
    std::vector<int32_t> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct AlterReplicaLogDir {
    std::string path; ///< as DescribeLogDirs tells it
    std::vector<AlterReplicaLogDirTopic> topics;
    static void fields(auto& io, auto& m) {
        io(m.path);
        io(m.topics);
    }
};

struct Request {
    using Response = alter_replica_log_dirs::Response;
    static constexpr Api api{34, "AlterReplicaLogDirs", {1, 2}, 2};
    std::vector<AlterReplicaLogDir> dirs;
    static void fields(auto& io, auto& m) { io(m.dirs); }
};

struct AlterReplicaLogDirPartitionResult {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.error_code);
    }
};

struct AlterReplicaLogDirTopicResult {
    std::string topic_name;
    std::vector<AlterReplicaLogDirPartitionResult> partitions;
    static void fields(auto& io, auto& m) {
        io(m.topic_name);
        io(m.partitions);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<AlterReplicaLogDirTopicResult> results;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.results);
    }
};

} // namespace kafka::wire::alter_replica_log_dirs
