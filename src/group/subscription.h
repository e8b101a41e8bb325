// What we read of the consumers' own protocol: the topics in a member's subscription, and the partitions that
// the leader assigned to it. Only the beginning, which all versions have in common, is looked at. Pure.
#pragma once
#include "wire/bytes.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kafka::group {

inline constexpr wire::View consumer_protocol_type = "consumer";

/// None if these are not the bytes of a subscription.
std::optional<std::vector<std::string>> subscribed_topics_of(wire::View metadata);

struct AssignedTopic {
    std::string name;
    std::vector<int32_t> partitions;
    bool operator==(const AssignedTopic&) const = default;
};

/// None if these are not the bytes of an assignment.
std::optional<std::vector<AssignedTopic>> assigned_topics_of(wire::View assignment);

} // namespace kafka::group
