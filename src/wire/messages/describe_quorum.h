// DescribeQuorum (API key 55, KIP-595): who votes in the quorum that keeps the cluster's metadata.
// v1 times of fetches (KIP-836); v2 messages, directory ids and addresses of nodes (KIP-853).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::describe_quorum {

struct Response;

struct PartitionAsked {
    int32_t partition_index = 0;
    static void fields(auto& io, auto& m) { io(m.partition_index); }
};

struct TopicAsked {
    std::string topic_name;
    std::vector<PartitionAsked> partitions;
    static void fields(auto& io, auto& m) {
        io(m.topic_name);
        io(m.partitions);
    }
};

struct Request {
    using Response = describe_quorum::Response;
    static constexpr Api api{55, "DescribeQuorum", {0, 2}, 0};
    std::vector<TopicAsked> topics;
    static void fields(auto& io, auto& m) { io(m.topics); }
};

struct ReplicaState {
    int32_t replica_id = 0;
    Uuid replica_directory_id{};
    int64_t log_end_offset = 0;
    int64_t last_fetch_timestamp = -1;     ///< wall clock; of the leader: now
    int64_t last_caught_up_timestamp = -1; ///< the same
    static void fields(auto& io, auto& m) {
        io(m.replica_id);
        io(m.replica_directory_id, v(2));
        io(m.log_end_offset);
        io(m.last_fetch_timestamp, v(1));
        io(m.last_caught_up_timestamp, v(1));
    }
};

struct PartitionData {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    int32_t leader_id = 0;
    int32_t leader_epoch = 0;
    int64_t high_watermark = 0;
    std::vector<ReplicaState> current_voters;
    std::vector<ReplicaState> observers;
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.error_code);
        io(m.error_message, v(2));
        io(m.leader_id);
        io(m.leader_epoch);
        io(m.high_watermark);
        io(m.current_voters);
        io(m.observers);
    }
};

struct TopicData {
    std::string topic_name;
    std::vector<PartitionData> partitions;
    static void fields(auto& io, auto& m) {
        io(m.topic_name);
        io(m.partitions);
    }
};

struct Listener {
    std::string name;
    std::string host;
    uint16_t port = 0;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.host);
        io(m.port);
    }
};

struct Node {
    int32_t node_id = 0;
    std::vector<Listener> listeners;
    static void fields(auto& io, auto& m) {
        io(m.node_id);
        io(m.listeners);
    }
};

struct Response {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::vector<TopicData> topics;
    std::vector<Node> nodes;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.error_message, v(2));
        io(m.topics);
        io(m.nodes, v(2));
    }
};

} // namespace kafka::wire::describe_quorum
