// DescribeCluster (API key 60, KIP-700): the cluster's id, brokers and controller.
// v1 endpoint_type (KIP-919); v2 fenced brokers (KIP-1073). All versions are flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::describe_cluster {

struct Response;

struct Request {
    using Response = describe_cluster::Response;
    static constexpr Api api{60, "DescribeCluster", {0, 2}, 0};
    bool include_cluster_authorized_operations = false;
    int8_t endpoint_type = 1; ///< 1 brokers, 2 controllers
    bool include_fenced_brokers = false;
    static void fields(auto& io, auto& m) {
        io(m.include_cluster_authorized_operations);
        io(m.endpoint_type, v(1));
        io(m.include_fenced_brokers, v(2));
    }
};

struct DescribeClusterBroker {
    int32_t broker_id = 0;
    std::string host;
    int32_t port = 0;
    std::optional<std::string> rack;
    bool is_fenced = false;
    static void fields(auto& io, auto& m) {
        io(m.broker_id);
        io(m.host);
        io(m.port);
        io(m.rack);
        io(m.is_fenced, v(2));
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    int8_t endpoint_type = 1;
    std::string cluster_id;
    int32_t controller_id = -1;
    std::vector<DescribeClusterBroker> brokers;
    int32_t cluster_authorized_operations = operations_not_requested; ///< a bit for each AclOperation
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code);
        io(m.error_message);
        io(m.endpoint_type, v(1));
        io(m.cluster_id);
        io(m.controller_id);
        io(m.brokers);
        io(m.cluster_authorized_operations);
    }
};

} // namespace kafka::wire::describe_cluster
