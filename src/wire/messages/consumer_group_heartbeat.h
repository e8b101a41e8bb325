// ConsumerGroupHeartbeat (API key 68, KIP-848): all that a member of a group of the consumer protocol says:
// it joins, lives, subscribes, gives partitions up and leaves; the answer assigns partitions.
// v1 subscribed_topic_regex, and clients choose their member ids (KIP-1082). All versions are flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::consumer_group_heartbeat {

struct Response;

struct TopicPartitions {
    Uuid topic_id{};
    std::vector<int32_t> partitions;
    static void fields(auto& io, auto& m) {
        io(m.topic_id);
        io(m.partitions);
    }
};

/// Null, and -1 for the timeout, say that nothing has changed since the last heartbeat.
struct Request {
    using Response = consumer_group_heartbeat::Response;
    static constexpr Api api{68, "ConsumerGroupHeartbeat", {0, 1}, 0};
    std::string group_id;
    std::string member_id;    ///< empty in v0: the coordinator is to choose one
    int32_t member_epoch = 0; ///< 0 joins, -1 leaves, -2 leaves a static member's place open
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    int32_t rebalance_timeout_ms = -1; ///< for giving up partitions
    std::optional<std::vector<std::string>> subscribed_topic_names;
    std::optional<std::string> subscribed_topic_regex;
    std::optional<std::string> server_assignor;
    std::optional<std::vector<TopicPartitions>> topic_partitions; ///< what the member owns
    static void fields(auto& io, auto& m) {
        io(m.group_id);
        io(m.member_id);
        io(m.member_epoch);
        io(m.instance_id);
        io(m.rack_id);
        io(m.rebalance_timeout_ms);
        io(m.subscribed_topic_names);
        io(m.subscribed_topic_regex, v(1));
        io(m.server_assignor);
        io(m.topic_partitions);
    }
};

struct Assignment {
    std::vector<TopicPartitions> topic_partitions;
    static void fields(auto& io, auto& m) { io(m.topic_partitions); }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::optional<std::string> member_id;
    int32_t member_epoch = 0;
    int32_t heartbeat_interval_ms = 0;
    std::optional<Assignment> assignment; ///< null: as before
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code);
        io(m.error_message);
        io(m.member_id);
        io(m.member_epoch);
        io(m.heartbeat_interval_ms);
        io(m.assignment);
    }
};

} // namespace kafka::wire::consumer_group_heartbeat
