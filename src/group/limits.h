// Which ids of groups and members are legal, and how much a member may say. Pure.
#pragma once
#include "wire/bytes.h"

namespace kafka::group {

/// Longer ids are refused, though Kafka takes them: both together are a key of a table, whose index has a limit.
inline constexpr size_t max_group_id_length = 1'000, max_member_id_length = 1'000;

inline bool storable_group_id(wire::View id) { return id.size() <= max_group_id_length; }

/// For members; tools and consumers that assign themselves may use the empty id, too.
inline bool legal_group_id(wire::View id) { return !id.empty() && storable_group_id(id); }

/// Where clients make the ids of members.
inline bool storable_member_id(wire::View id) { return id.size() <= max_member_id_length; }

/// Most that a member says of itself, or is assigned, in bytes: it is kept in memory and stored. Kafka's limit is that of a record
/// with the whole group in it, by default as large.
inline constexpr size_t max_member_bytes = 1 << 20;

/// Most regular expressions that the members of a group subscribe by, the same one counted once: each of them is held against all
/// topics, and what it matches is kept.
inline constexpr size_t max_expressions = 100;

/// Most member ids that were given out to join with (MEMBER_ID_REQUIRED) and are waited for, of all groups together: the oldest is
/// forgotten for a newer one. To ask for one takes next to nothing and need not be meant, and it makes a group, for half an hour if the
/// session timeout is as long. Whoever comes with a forgotten one starts over.
inline constexpr size_t max_pending_members = 10'000;

} // namespace kafka::group
