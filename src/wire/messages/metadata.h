// Metadata (API key 3): brokers, topics and their partitions' leaders.
// v1 controller_id, rack, is_internal; v2 cluster_id; v4 allow_auto_topic_creation; v5 offline_replicas;
// v7 leader_epoch (KIP-320); v8 authorized operations (KIP-430), those of the cluster only until v10; v9
// flexible; v10 topic ids in responses, v12 in requests (KIP-516); v13 error_code for the whole response
// (KIP-1102).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::metadata {

struct Response;

struct MetadataRequestTopic {
    Uuid topic_id{};
    std::optional<std::string> name = ""; ///< null since v10: by topic_id
    static void fields(auto& io, auto& m) {
        io(m.topic_id, v(10));
        io(m.name, v(0), nullable(10));
    }
};

struct Request {
    using Response = metadata::Response;
    static constexpr Api api{3, "Metadata", {0, 13}, 9};
    /// Null: all topics; in v0, which has no null, the empty list says that.
    std::optional<std::vector<MetadataRequestTopic>> topics = std::vector<MetadataRequestTopic>();
    bool allow_auto_topic_creation = true;
    bool include_cluster_authorized_operations = false;
    bool include_topic_authorized_operations = false;
    static void fields(auto& io, auto& m) {
        io(m.topics, v(0), nullable(1));
        io(m.allow_auto_topic_creation, v(4));
        io(m.include_cluster_authorized_operations, v(8, 10));
        io(m.include_topic_authorized_operations, v(8));
    }
};

struct MetadataResponseBroker {
    int32_t node_id = 0;
    std::string host;
    int32_t port = 0;
    std::optional<std::string> rack;
    static void fields(auto& io, auto& m) {
        io(m.node_id);
        io(m.host);
        io(m.port);
        io(m.rack, v(1));
    }
};

struct MetadataResponsePartition {
    ErrorCode error_code = ErrorCode::none;
    int32_t partition_index = 0;
    int32_t leader_id = 0;
    int32_t leader_epoch = -1;
    std::vector<int32_t> replica_nodes;
    std::vector<int32_t> isr_nodes; ///< those of the replicas that are in sync
    std::vector<int32_t> offline_replicas;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.partition_index);
        io(m.leader_id);
        io(m.leader_epoch, v(7));
        io(m.replica_nodes);
        io(m.isr_nodes);
        io(m.offline_replicas, v(5));
    }
};

struct MetadataResponseTopic {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> name = ""; ///< null since v12: no topic has the id that was asked for
    Uuid topic_id{};
    bool is_internal = false;
    std::vector<MetadataResponsePartition> partitions;
    int32_t topic_authorized_operations = operations_not_requested; ///< a bit for each AclOperation
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.name, v(0), nullable(12));
        io(m.topic_id, v(10));
        io(m.is_internal, v(1));
        io(m.partitions);
        io(m.topic_authorized_operations, v(8));
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<MetadataResponseBroker> brokers;
    std::optional<std::string> cluster_id;
    int32_t controller_id = -1;
    std::vector<MetadataResponseTopic> topics;
    int32_t cluster_authorized_operations = operations_not_requested; ///< a bit for each AclOperation
    ErrorCode error_code = ErrorCode::none;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms, v(3));
        io(m.brokers);
        io(m.cluster_id, v(2));
        io(m.controller_id, v(1));
        io(m.topics);
        io(m.cluster_authorized_operations, v(8, 10));
        io(m.error_code, v(13));
    }
};

} // namespace kafka::wire::metadata
