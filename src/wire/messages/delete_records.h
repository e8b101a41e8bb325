// DeleteRecords (API key 21, KIP-107): moves the start of partitions, so that what is before can no longer be read.
// v1 as before; v2 flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::delete_records {

struct Response;

struct DeleteRecordsPartition {
    int32_t partition_index = 0;
    int64_t offset = 0; ///< the new start; -1: the high watermark
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.offset);
    }
};

struct DeleteRecordsTopic {
    std::string name;
    std::vector<DeleteRecordsPartition> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct Request {
    using Response = delete_records::Response;
    static constexpr Api api{21, "DeleteRecords", {0, 2}, 2};
    std::vector<DeleteRecordsTopic> topics;
    int32_t timeout_ms = 0;
    static void fields(auto& io, auto& m) {
        io(m.topics);
        io(m.timeout_ms);
    }
};

struct DeleteRecordsPartitionResult {
    int32_t partition_index = 0;
    int64_t low_watermark = 0; ///< where the partition now starts; -1 with an error
    ErrorCode error_code = ErrorCode::none;
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.low_watermark);
        io(m.error_code);
    }
};

struct DeleteRecordsTopicResult {
    std::string name;
    std::vector<DeleteRecordsPartitionResult> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<DeleteRecordsTopicResult> topics;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.topics);
    }
};

} // namespace kafka::wire::delete_records
