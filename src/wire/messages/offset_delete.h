// OffsetDelete (API key 47, KIP-496): forgets what a group has committed for some partitions.
// v0 only, which is not flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::offset_delete {

struct Response;

struct OffsetDeleteRequestPartition {
    int32_t partition_index = 0;
    static void fields(auto& io, auto& m) { io(m.partition_index); }
};

struct OffsetDeleteRequestTopic {
    std::string name;
    std::vector<OffsetDeleteRequestPartition> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct Request {
    using Response = offset_delete::Response;
    static constexpr Api api{47, "OffsetDelete", {0, 0}, never_flexible};
    std::string group_id;
    std::vector<OffsetDeleteRequestTopic> topics;
    static void fields(auto& io, auto& m) {
        io(m.group_id);
        io(m.topics);
    }
};

struct OffsetDeleteResponsePartition {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.error_code);
    }
};

struct OffsetDeleteResponseTopic {
    std::string name;
    std::vector<OffsetDeleteResponsePartition> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct Response {
    ErrorCode error_code = ErrorCode::none; ///< of the whole group; then there are no topics
    int32_t throttle_time_ms = 0;
    std::vector<OffsetDeleteResponseTopic> topics;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.throttle_time_ms);
        io(m.topics);
    }
};

} // namespace kafka::wire::offset_delete
