// Which transactional ids are taken, and how much work a request may ask for. Pure.
#pragma once
#include "wire/bytes.h"

namespace kafka::txn {

/// Longer ids are refused, though Kafka takes them: they are a key of a table, whose index has a limit.
inline constexpr size_t max_transactional_id_length = 1'000;

inline bool storable_transactional_id(wire::View id) { return id.size() <= max_transactional_id_length; }

/// Most steps that a pattern may take over all transactional ids: see group::TopicRegex. About a tenth of a second.
inline constexpr size_t max_pattern_steps = 20'000'000;

} // namespace kafka::txn
