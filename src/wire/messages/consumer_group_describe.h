// ConsumerGroupDescribe (API key 69, KIP-848): state and members of groups of the consumer protocol.
// v1 member_type (KIP-1099). All versions are flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::consumer_group_describe {

struct Response;

struct Request {
    using Response = consumer_group_describe::Response;
    static constexpr Api api{69, "ConsumerGroupDescribe", {0, 1}, 0};
    std::vector<std::string> group_ids;
    bool include_authorized_operations = false;
    static void fields(auto& io, auto& m) {
        io(m.group_ids);
        io(m.include_authorized_operations);
    }
};

struct TopicPartitions {
    Uuid topic_id{};
    std::string topic_name;
    std::vector<int32_t> partitions;
    static void fields(auto& io, auto& m) {
        io(m.topic_id);
        io(m.topic_name);
        io(m.partitions);
    }
};

struct Assignment {
    std::vector<TopicPartitions> topic_partitions;
    static void fields(auto& io, auto& m) { io(m.topic_partitions); }
};

struct Member {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    int32_t member_epoch = 0;
    std::string client_id;
    std::string client_host;
    std::vector<std::string> subscribed_topic_names;
    std::optional<std::string> subscribed_topic_regex;
    Assignment assignment;        ///< what the member has
    Assignment target_assignment; ///< what it is to have
    int8_t member_type = -1;      ///< -1 unknown, 0 classic, 1 consumer
    static void fields(auto& io, auto& m) {
        io(m.member_id);
        io(m.instance_id);
        io(m.rack_id);
        io(m.member_epoch);
        io(m.client_id);
        io(m.client_host);
        io(m.subscribed_topic_names);
        io(m.subscribed_topic_regex);
        io(m.assignment);
        io(m.target_assignment);
        io(m.member_type, v(1));
    }
};

struct DescribedGroup {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::string group_id;
    std::string group_state; ///< Empty, Assigning, Reconciling, Stable or Dead
    int32_t group_epoch = 0;
    int32_t assignment_epoch = 0; ///< the group epoch that the target assignments are made for
    std::string assignor_name;
    std::vector<Member> members;
    int32_t authorized_operations = operations_not_requested;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.error_message);
        io(m.group_id);
        io(m.group_state);
        io(m.group_epoch);
        io(m.assignment_epoch);
        io(m.assignor_name);
        io(m.members);
        io(m.authorized_operations);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<DescribedGroup> groups;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.groups);
    }
};

} // namespace kafka::wire::consumer_group_describe
