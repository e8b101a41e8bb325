// TxnOffsetCommit (API key 28): offsets of a group that are committed if the transaction is.
// v1 as v0; v2 committed_leader_epoch (KIP-320); v3 flexible, generation_id, member_id and group_instance_id (KIP-447);
// v4 TRANSACTION_ABORTABLE; v5 adds the group to the transaction, as AddOffsetsToTxn does (both KIP-890).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::txn_offset_commit {

struct Response;

struct TxnOffsetCommitRequestPartition {
    int32_t partition_index = 0;
    int64_t committed_offset = 0;
    int32_t committed_leader_epoch = -1; ///< of the last record that was read; -1: unknown
    std::optional<std::string> committed_metadata = "";
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.committed_offset);
        io(m.committed_leader_epoch, v(2));
        io(m.committed_metadata);
    }
};

struct TxnOffsetCommitRequestTopic {
    std::string name;
    std::vector<TxnOffsetCommitRequestPartition> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct Request {
    using Response = txn_offset_commit::Response;
    static constexpr Api api{28, "TxnOffsetCommit", {0, 5}, 3};
    std::string transactional_id;
    std::string group_id;
    int64_t producer_id = 0;
    int16_t producer_epoch = 0;
    int32_t generation_id = -1;                   ///< or member epoch; -1: not as a member
    std::string member_id;                        ///< empty: not as a member
    std::optional<std::string> group_instance_id; ///< null: not a static member
    std::vector<TxnOffsetCommitRequestTopic> topics;
    static void fields(auto& io, auto& m) {
        io(m.transactional_id);
        io(m.group_id);
        io(m.producer_id);
        io(m.producer_epoch);
        io(m.generation_id, v(3));
        io(m.member_id, v(3));
        io(m.group_instance_id, v(3));
        io(m.topics);
    }
};

struct TxnOffsetCommitResponsePartition {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.error_code);
    }
};

struct TxnOffsetCommitResponseTopic {
    std::string name;
    std::vector<TxnOffsetCommitResponsePartition> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

/// An error of the whole transaction or group is said at each partition.
struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<TxnOffsetCommitResponseTopic> topics;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.topics);
    }
};

} // namespace kafka::wire::txn_offset_commit
