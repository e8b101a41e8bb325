// The conversion of a group that has members from one protocol to the other (KIP-848, online upgrade and downgrade),
// as rows: a group is what its rows say, so that they are all that there is to convert. Pure.
//
// A classic group of consumers becomes a consumer group when a member of the new protocol joins it; each of its members
// keeps id, generation (as member epoch) and assignment, and goes on to speak the classic protocol. The group becomes
// classic again when the last member of the new protocol has gone. The policy, group.consumer.migration.policy, says
// which of the two may happen.
#pragma once
#include "group/classic.h"
#include "group/consumer.h"

namespace kafka::group {

/// Why this classic group must not become a consumer group; null: it may.
const char* why_not_upgrade(const ClassicGroup& group, const Settings& settings);
/// The rows of the group as a consumer group, or why it cannot become one. Whoever waits in it is still to be
/// dismissed.
std::variant<std::vector<Row>, const char*> upgraded(const ClassicGroup& group, const TopicLookup& topics);

/// Has it nothing but members of the classic protocol, and may it become what they are?
bool due_for_downgrade(const ConsumerGroup& group, const Settings& settings);
/// The rows of the group as a classic group. It begins a rebalance unless everybody has what it is to have.
std::vector<Row> downgraded(const ConsumerGroup& group, const TopicLookup& topics, int64_t now_ms);

} // namespace kafka::group
