// What the broker reads of the consumers' own protocol: the topics in a member's subscription. Only the
// beginning, which all versions have in common, is looked at. Pure.
#pragma once
#include "wire/bytes.h"

#include <optional>
#include <string>
#include <vector>

namespace kafka::group {

inline constexpr wire::View consumer_protocol_type = "consumer";

/// None if these are not the bytes of a subscription.
std::optional<std::vector<std::string>> subscribed_topics_of(wire::View metadata);

} // namespace kafka::group
