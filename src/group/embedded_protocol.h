// What consumers of the classic protocol tell each other in the bytes that their group only carries: what they
// subscribe to and own, and what they are assigned. The broker reads the topics of all of them, and the rest where such
// members are in a group of the other protocol. Versions 0 to 3; newer ones go on like the last of these. Pure.
#pragma once
#include "wire/bytes.h"

#include <optional>
#include <string>
#include <vector>

namespace kafka::group {

inline constexpr wire::View consumer_protocol_type = "consumer";

/// None if these are not the bytes of a subscription. Only the beginning, which all versions have in common, is
/// looked at.
std::optional<std::vector<std::string>> subscribed_topics_of(wire::View metadata);

struct NamedPartitions {
    std::string topic;
    std::vector<int32_t> partitions;
    bool operator==(const NamedPartitions&) const = default;
};

/// A subscription as it can be stored: names that no topic can have are left out.
struct Subscription {
    int16_t version = 0;
    std::vector<std::string> topics;    ///< in order, each once
    std::vector<NamedPartitions> owned; ///< since v1; none of those who give up everything before they join
    std::optional<std::string> rack_id; ///< since v3
};
std::optional<Subscription> read_subscription(wire::View metadata);

/// What the leader assigned to a member.
struct EmbeddedAssignment {
    std::vector<NamedPartitions> partitions;
    bool has_user_data = false; ///< of an assignor of its own, for itself
};
std::optional<EmbeddedAssignment> read_assignment(wire::View bytes);
/// Without user data.
std::string write_assignment(int16_t version, const std::vector<NamedPartitions>& partitions);

} // namespace kafka::group
