// OffsetForLeaderEpoch (API key 23): where a leader epoch ended, so that a client notices a truncated log
// (KIP-320). v2 current_leader_epoch; v3 replica_id; v4 flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::offset_for_leader_epoch {

struct Response;

struct OffsetForLeaderPartition {
    int32_t partition = 0;
    int32_t current_leader_epoch = -1; ///< as the client knows it; -1: not to be checked
    int32_t leader_epoch = 0;          ///< the epoch that is asked about
    static void fields(auto& io, auto& m) {
        io(m.partition);
        io(m.current_leader_epoch);
        io(m.leader_epoch);
    }
};

struct OffsetForLeaderTopic {
    std::string topic;
    std::vector<OffsetForLeaderPartition> partitions;
    static void fields(auto& io, auto& m) {
        io(m.topic);
        io(m.partitions);
    }
};

struct Request {
    using Response = offset_for_leader_epoch::Response;
    static constexpr Api api{23, "OffsetForLeaderEpoch", {2, 4}, 4};
    int32_t replica_id = -2; ///< -1: a consumer, -2: a debugging tool
    std::vector<OffsetForLeaderTopic> topics;
    static void fields(auto& io, auto& m) {
        io(m.replica_id, v(3));
        io(m.topics);
    }
};

struct EpochEndOffset {
    ErrorCode error_code = ErrorCode::none;
    int32_t partition = 0;
    int32_t leader_epoch = -1; ///< the highest one that is not above the epoch asked about; -1: none
    int64_t end_offset = -1;   ///< where it ended; -1: unknown
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.partition);
        io(m.leader_epoch);
        io(m.end_offset);
    }
};

struct OffsetForLeaderTopicResult {
    std::string topic;
    std::vector<EpochEndOffset> partitions;
    static void fields(auto& io, auto& m) {
        io(m.topic);
        io(m.partitions);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<OffsetForLeaderTopicResult> topics;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.topics);
    }
};

} // namespace kafka::wire::offset_for_leader_epoch
