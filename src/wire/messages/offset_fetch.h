// OffsetFetch (API key 9): what groups have committed.
// v2 all topics at once, an error_code for the group; v3 throttle_time_ms; v5 committed_leader_epoch
// (KIP-320); v6 flexible; v7 require_stable (KIP-447); v8 several groups at once (KIP-709); v9 member id and
// epoch, v10 topic ids (both KIP-848).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::offset_fetch {

struct Response;

struct OffsetFetchRequestTopic {
    std::string name; ///< until v9
    Uuid topic_id{};  ///< since v10
    std::vector<int32_t> partition_indexes;
    static void fields(auto& io, auto& m) {
        io(m.name, v(0, 9));
        io(m.topic_id, v(10));
        io(m.partition_indexes);
    }
};

struct OffsetFetchRequestGroup {
    std::string group_id;
    std::optional<std::string> member_id; ///< null: not as a member
    int32_t member_epoch = -1;            ///< -1: not to be checked
    /// Null: all that the group has committed.
    std::optional<std::vector<OffsetFetchRequestTopic>> topics = std::vector<OffsetFetchRequestTopic>();
    static void fields(auto& io, auto& m) {
        io(m.group_id);
        io(m.member_id, v(9));
        io(m.member_epoch, v(9));
        io(m.topics);
    }
};

/// Until v7 the one group is in the fields of the request itself, since v8 in `groups`.
struct Request {
    using Response = offset_fetch::Response;
    static constexpr Api api{9, "OffsetFetch", {1, 10}, 6};
    std::string group_id;
    /// Null: all that the group has committed.
    std::optional<std::vector<OffsetFetchRequestTopic>> topics = std::vector<OffsetFetchRequestTopic>();
    std::vector<OffsetFetchRequestGroup> groups;
    bool require_stable = false; ///< refuse what a transaction may still change (UNSTABLE_OFFSET_COMMIT)
    static void fields(auto& io, auto& m) {
        io(m.group_id, v(0, 7));
        io(m.topics, v(0, 7), nullable(2));
        io(m.groups, v(8));
        io(m.require_stable, v(7));
    }
};

struct OffsetFetchResponsePartition {
    int32_t partition_index = 0;
    int64_t committed_offset = 0; ///< -1: none
    int32_t committed_leader_epoch = -1;
    std::optional<std::string> metadata = "";
    ErrorCode error_code = ErrorCode::none;
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.committed_offset);
        io(m.committed_leader_epoch, v(5));
        io(m.metadata);
        io(m.error_code);
    }
};

struct OffsetFetchResponseTopic {
    std::string name; ///< until v9
    Uuid topic_id{};  ///< since v10
    std::vector<OffsetFetchResponsePartition> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name, v(0, 9));
        io(m.topic_id, v(10));
        io(m.partitions);
    }
};

struct OffsetFetchResponseGroup {
    std::string group_id;
    std::vector<OffsetFetchResponseTopic> topics;
    ErrorCode error_code = ErrorCode::none;
    static void fields(auto& io, auto& m) {
        io(m.group_id);
        io(m.topics);
        io(m.error_code);
    }
};

/// Until v7 the one group is in the fields of the response itself, since v8 in `groups`.
struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<OffsetFetchResponseTopic> topics;
    ErrorCode error_code = ErrorCode::none; ///< since v2; v1 says it at each partition
    std::vector<OffsetFetchResponseGroup> groups;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms, v(3));
        io(m.topics, v(0, 7));
        io(m.error_code, v(2, 7));
        io(m.groups, v(8));
    }
};

} // namespace kafka::wire::offset_fetch
