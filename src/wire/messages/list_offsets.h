// ListOffsets (API key 2): the offset of a timestamp, or of the start or the end of a partition.
// v2 isolation_level; v4 leader epochs (KIP-320); v6 flexible; v7 to v11 add sentinels for `timestamp`, v10 a
// timeout: v7 -3 max timestamp (KIP-734), v8 -4 earliest local (KIP-405), v9 -5 latest tiered (KIP-1005), v11
// -6 earliest pending upload (KIP-1023).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::list_offsets {

struct Response;

struct ListOffsetsPartition {
    int32_t partition_index = 0;
    int32_t current_leader_epoch = -1; ///< as the client knows it; -1: not to be checked
    int64_t timestamp = 0;             ///< ms since 1970, or a negative sentinel: -1 latest, -2 earliest, ...
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.current_leader_epoch, v(4));
        io(m.timestamp);
    }
};

struct ListOffsetsTopic {
    std::string name;
    std::vector<ListOffsetsPartition> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct Request {
    using Response = list_offsets::Response;
    static constexpr Api api{2, "ListOffsets", {1, 11}, 6};
    int32_t replica_id = 0;     ///< -1: a consumer
    int8_t isolation_level = 0; ///< 0 read_uncommitted, 1 read_committed
    std::vector<ListOffsetsTopic> topics;
    int32_t timeout_ms = 0;
    static void fields(auto& io, auto& m) {
        io(m.replica_id);
        io(m.isolation_level, v(2));
        io(m.topics);
        io(m.timeout_ms, v(10));
    }
};

struct ListOffsetsPartitionResponse {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    int64_t timestamp = -1; ///< of the record that was found; -1: none
    int64_t offset = -1;    ///< -1: none
    int32_t leader_epoch = -1;
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.error_code);
        io(m.timestamp);
        io(m.offset);
        io(m.leader_epoch, v(4));
    }
};

struct ListOffsetsTopicResponse {
    std::string name;
    std::vector<ListOffsetsPartitionResponse> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<ListOffsetsTopicResponse> topics;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms, v(2));
        io(m.topics);
    }
};

} // namespace kafka::wire::list_offsets
