// OffsetCommit (API key 8): stores how far a group has read.
// v3 throttle_time_ms; v5 no retention_time_ms (KIP-211); v6 committed_leader_epoch (KIP-320); v7
// group_instance_id (KIP-345); v8 flexible; v9 member epochs, with STALE_MEMBER_EPOCH, and
// GROUP_ID_NOT_FOUND; v10 topic ids (both KIP-848).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::offset_commit {

struct Response;

struct OffsetCommitRequestPartition {
    int32_t partition_index = 0;
    int64_t committed_offset = 0;
    int32_t committed_leader_epoch = -1; ///< of the last record that was read; -1: unknown
    std::optional<std::string> committed_metadata = "";
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.committed_offset);
        io(m.committed_leader_epoch, v(6));
        io(m.committed_metadata);
    }
};

struct OffsetCommitRequestTopic {
    std::string name; ///< until v9
    Uuid topic_id{};  ///< since v10
    std::vector<OffsetCommitRequestPartition> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name, v(0, 9));
        io(m.topic_id, v(10));
        io(m.partitions);
    }
};

struct Request {
    using Response = offset_commit::Response;
    static constexpr Api api{8, "OffsetCommit", {2, 10}, 8};
    std::string group_id;
    int32_t generation_id_or_member_epoch = -1;   ///< -1: not as a member
    std::string member_id;                        ///< empty: not as a member
    std::optional<std::string> group_instance_id; ///< null: not a static member
    int64_t retention_time_ms = -1;               ///< -1: as the broker is set
    std::vector<OffsetCommitRequestTopic> topics;
    static void fields(auto& io, auto& m) {
        io(m.group_id);
        io(m.generation_id_or_member_epoch);
        io(m.member_id);
        io(m.group_instance_id, v(7));
        io(m.retention_time_ms, v(2, 4));
        io(m.topics);
    }
};

struct OffsetCommitResponsePartition {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.error_code);
    }
};

struct OffsetCommitResponseTopic {
    std::string name; ///< until v9
    Uuid topic_id{};  ///< since v10
    std::vector<OffsetCommitResponsePartition> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name, v(0, 9));
        io(m.topic_id, v(10));
        io(m.partitions);
    }
};

/// An error of the whole group is said at each partition.
struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<OffsetCommitResponseTopic> topics;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms, v(3));
        io(m.topics);
    }
};

} // namespace kafka::wire::offset_commit
