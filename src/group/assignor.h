// The assignors of consumer groups that run in the broker (KIP-848): `uniform` and `range`. Pure functions of the
// members' subscriptions, what they were to have until now, and the topics' partitions: the same input gives the
// same output.
//
// Both give each partition of each subscribed topic to exactly one of its subscribers. Racks are not looked at,
// as in Kafka since 4.0.
#pragma once
#include "group/partitions.h"

#include <unordered_map>

namespace kafka::group {

/// How many partitions each topic has that somebody subscribes to.
using PartitionCounts = std::unordered_map<wire::Uuid, int32_t, wire::UuidHash>;

/// One member as assignors see it; all pointers are the caller's and outlive the call.
struct AssignorMember {
    const std::string* member_id = nullptr;
    const std::string* instance_id = nullptr; ///< of a static member
    const std::vector<wire::Uuid>* topics =
        nullptr;                        ///< subscribed, ascending; all of them are in PartitionCounts
    const Assignment* target = nullptr; ///< until now; may hold what is no longer there
};

/// The new target of each member, in the order of the members.
using Assignor = std::vector<Assignment> (*)(const std::vector<AssignorMember>&, const PartitionCounts&);

/// Evens out how many partitions members have, whichever their topics, and moves as few as that takes: members
/// with equal subscriptions differ by one at most. With different subscriptions the subscribers of each topic
/// end near to each other (up to 16 rounds of moves from those with the most to those with the least).
std::vector<Assignment> assign_uniform(const std::vector<AssignorMember>& members,
                                       const PartitionCounts& topics);

/// Gives each subscriber of a topic one range of it, static members first (by instance id), then by member id:
/// topics with equally many partitions and the same subscribers are assigned alike. Knows no stickiness of its
/// own, but the order of the members is stable.
std::vector<Assignment> assign_range(const std::vector<AssignorMember>& members,
                                     const PartitionCounts& topics);

/// The assignor of this name, or null.
Assignor find_assignor(wire::View name);

/// Do all of them subscribe to the same topics?
bool homogeneous(const std::vector<AssignorMember>& members);

} // namespace kafka::group
