// Fetch (API key 1): reads record batches from partitions, waiting for them if there are too few.
// v4 isolation_level; v5 log_start_offset; v7 fetch sessions (KIP-227); v9 current_leader_epoch (KIP-320);
// v10 zstd; v11 rack_id (KIP-392); v12 flexible, last_fetched_epoch (KIP-595); v13 topic ids (KIP-516); v15
// replica_state (KIP-903); v16 node_endpoints (KIP-951); v17 and v18 serve replicas only (KIP-853, KIP-1166).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::fetch {

struct Response;

struct ReplicaState {
    int32_t replica_id = -1; ///< -1: a consumer
    int64_t replica_epoch = -1;
    static void fields(auto& io, auto& m) {
        io(m.replica_id);
        io(m.replica_epoch);
    }
};

struct FetchPartition {
    int32_t partition = 0;
    int32_t current_leader_epoch = -1; ///< as the client knows it; -1: not to be checked
    int64_t fetch_offset = 0;
    int32_t last_fetched_epoch = -1; ///< -1: not to be checked
    int64_t log_start_offset = -1;   ///< of a replica
    int32_t partition_max_bytes = 0;
    std::optional<Uuid> replica_directory_id;
    std::optional<int64_t> high_watermark; ///< as a replica knows it
    static void fields(auto& io, auto& m) {
        io(m.partition);
        io(m.current_leader_epoch, v(9));
        io(m.fetch_offset);
        io(m.last_fetched_epoch, v(12));
        io(m.log_start_offset, v(5));
        io(m.partition_max_bytes);
    }
    static void tags(auto& io, auto& m) {
        io.tag(0, m.replica_directory_id, v(17));
        io.tag(1, m.high_watermark, v(18));
    }
};

struct FetchTopic {
    std::string topic; ///< until v12
    Uuid topic_id{};   ///< since v13
    std::vector<FetchPartition> partitions;
    static void fields(auto& io, auto& m) {
        io(m.topic, v(0, 12));
        io(m.topic_id, v(13));
        io(m.partitions);
    }
};

/// Partitions that leave the fetch session.
struct ForgottenTopic {
    std::string topic; ///< until v12
    Uuid topic_id{};   ///< since v13
    std::vector<int32_t> partitions;
    static void fields(auto& io, auto& m) {
        io(m.topic, v(0, 12));
        io(m.topic_id, v(13));
        io(m.partitions);
    }
};

struct Request {
    using Response = fetch::Response;
    static constexpr Api api{1, "Fetch", {4, 18}, 12};
    std::optional<std::string> cluster_id;
    int32_t replica_id = -1; ///< until v14; -1: a consumer
    std::optional<ReplicaState> replica_state;
    int32_t max_wait_ms = 0;
    int32_t min_bytes = 0;
    int32_t max_bytes = 0x7fffffff;
    int8_t isolation_level = 0; ///< 0 read_uncommitted, 1 read_committed
    int32_t session_id = 0;     ///< 0: no session yet
    int32_t session_epoch = -1; ///< 0 asks for a new session, -1 for none
    std::vector<FetchTopic> topics;
    std::vector<ForgottenTopic> forgotten_topics_data;
    std::string rack_id;
    static void fields(auto& io, auto& m) {
        io(m.replica_id, v(0, 14));
        io(m.max_wait_ms);
        io(m.min_bytes);
        io(m.max_bytes);
        io(m.isolation_level);
        io(m.session_id, v(7));
        io(m.session_epoch, v(7));
        io(m.topics);
        io(m.forgotten_topics_data, v(7));
        io(m.rack_id, v(11));
    }
    static void tags(auto& io, auto& m) {
        io.nullable_tag(0, m.cluster_id, v(12));
        io.tag(1, m.replica_state, v(15));
    }
};

struct EpochEndOffset {
    int32_t epoch = -1;
    int64_t end_offset = -1;
    static void fields(auto& io, auto& m) {
        io(m.epoch);
        io(m.end_offset);
    }
};

struct LeaderIdAndEpoch {
    int32_t leader_id = -1; ///< -1: unknown
    int32_t leader_epoch = -1;
    static void fields(auto& io, auto& m) {
        io(m.leader_id);
        io(m.leader_epoch);
    }
};

struct SnapshotId {
    int64_t end_offset = -1;
    int32_t epoch = -1;
    static void fields(auto& io, auto& m) {
        io(m.end_offset);
        io(m.epoch);
    }
};

/// A transaction whose records a read_committed consumer has to leave out, from first_offset to its abort
/// marker.
struct AbortedTransaction {
    int64_t producer_id = 0;
    int64_t first_offset = 0;
    static void fields(auto& io, auto& m) {
        io(m.producer_id);
        io(m.first_offset);
    }
};

struct PartitionData {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    int64_t high_watermark = 0;
    int64_t last_stable_offset = -1;
    int64_t log_start_offset = -1;
    std::optional<EpochEndOffset> diverging_epoch;  ///< where last_fetched_epoch ended here
    std::optional<LeaderIdAndEpoch> current_leader; ///< only with NOT_LEADER_OR_FOLLOWER
    std::optional<SnapshotId> snapshot_id;
    std::optional<std::vector<AbortedTransaction>> aborted_transactions; ///< null for read_uncommitted
    int32_t preferred_read_replica = -1;                                 ///< -1: go on reading here
    RecordSlices records;
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.error_code);
        io(m.high_watermark);
        io(m.last_stable_offset);
        io(m.log_start_offset, v(5));
        io(m.aborted_transactions);
        io(m.preferred_read_replica, v(11));
        io(m.records);
    }
    static void tags(auto& io, auto& m) {
        io.tag(0, m.diverging_epoch, v(12));
        io.tag(1, m.current_leader, v(12));
        io.tag(2, m.snapshot_id, v(12));
    }
};

struct FetchableTopicResponse {
    std::string topic; ///< until v12
    Uuid topic_id{};   ///< since v13
    std::vector<PartitionData> partitions;
    static void fields(auto& io, auto& m) {
        io(m.topic, v(0, 12));
        io(m.topic_id, v(13));
        io(m.partitions);
    }
};

struct NodeEndpoint {
    int32_t node_id = 0;
    std::string host;
    int32_t port = 0;
    std::optional<std::string> rack;
    static void fields(auto& io, auto& m) {
        io(m.node_id);
        io(m.host);
        io(m.port);
        io(m.rack);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    int32_t session_id = 0; ///< 0: no session
    std::vector<FetchableTopicResponse> responses;
    std::optional<std::vector<NodeEndpoint>> node_endpoints; ///< of the leaders in current_leader
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code, v(7));
        io(m.session_id, v(7));
        io(m.responses);
    }
    static void tags(auto& io, auto& m) { io.tag(0, m.node_endpoints, v(16)); }
};

} // namespace kafka::wire::fetch
