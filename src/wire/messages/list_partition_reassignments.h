// ListPartitionReassignments (API key 46, KIP-455): partitions that are on their way to other brokers.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::list_partition_reassignments {

struct Response;

struct ListPartitionReassignmentsTopics {
    std::string name;
    std::vector<int32_t> partition_indexes;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partition_indexes);
    }
};

struct Request {
    using Response = list_partition_reassignments::Response;
    static constexpr Api api{46, "ListPartitionReassignments", {0, 0}, 0};
    int32_t timeout_ms = 60000;
    std::optional<std::vector<ListPartitionReassignmentsTopics>> topics; ///< null: all there are
    static void fields(auto& io, auto& m) {
        io(m.timeout_ms);
        io(m.topics);
    }
};

struct OngoingPartitionReassignment {
    int32_t partition_index = 0;
    std::vector<int32_t> replicas, adding_replicas, removing_replicas;
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.replicas);
        io(m.adding_replicas);
        io(m.removing_replicas);
    }
};

struct OngoingTopicReassignment {
    std::string name;
    std::vector<OngoingPartitionReassignment> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::vector<OngoingTopicReassignment> topics;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code);
        io(m.error_message);
        io(m.topics);
    }
};

} // namespace kafka::wire::list_partition_reassignments
