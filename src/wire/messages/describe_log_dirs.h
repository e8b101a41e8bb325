// DescribeLogDirs (API key 35, KIP-113): where the broker keeps its log, and how much of it.
// v3 a top-level error; v4 the size of the volume (KIP-827).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::describe_log_dirs {

struct Response;

struct DescribableLogDirTopic {
    std::string topic;
    std::vector<int32_t> partitions;
    static void fields(auto& io, auto& m) {
        io(m.topic);
        io(m.partitions);
    }
};

struct Request {
    using Response = describe_log_dirs::Response;
    static constexpr Api api{35, "DescribeLogDirs", {1, 4}, 2};
    std::optional<std::vector<DescribableLogDirTopic>> topics =
        std::vector<DescribableLogDirTopic>(); ///< null: all there are
    static void fields(auto& io, auto& m) { io(m.topics); }
};

struct PartitionInDir {
    int32_t partition_index = 0;
    int64_t partition_size = 0; ///< bytes of its batches
    int64_t offset_lag = 0;     ///< of a replica that is being made
    bool is_future_key = false; ///< it is one
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.partition_size);
        io(m.offset_lag);
        io(m.is_future_key);
    }
};

struct TopicInDir {
    std::string name;
    std::vector<PartitionInDir> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct Result {
    ErrorCode error_code = ErrorCode::none;
    std::string log_dir; ///< absolute path
    std::vector<TopicInDir> topics;
    int64_t total_bytes = -1;  ///< of the volume
    int64_t usable_bytes = -1; ///< of these, what could still be written
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.log_dir);
        io(m.topics);
        io(m.total_bytes, v(4));
        io(m.usable_bytes, v(4));
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<Result> results;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code, v(3));
        io(m.results);
    }
};

} // namespace kafka::wire::describe_log_dirs
