// Groups with members of both protocols, for tests: what consumers of the classic protocol write, and requests of the other.
#pragma once
#include "group_world.h"

#include "group/embedded_protocol.h"
#include "group/partitions.h"

namespace group_test {

using Heartbeat = ConsumerGroup::Request;
using HeartbeatAnswer = ConsumerGroup::HeartbeatResponse;
using Partitions = std::vector<NamedPartitions>;

/// A subscription, v1.
std::string subscription_owning(const std::vector<std::string>& topics, const Partitions& owned);

/// "orders/0,1 events/2", by the names of the topics.
std::string show(const Partitions& all);
std::string show(const World& world, const wire::consumer_group_heartbeat::Assignment& assignment);
/// Of a SyncGroup.
std::string show_synced(const World& world, Ticket ticket);

/// A join by the consumer protocol.
Heartbeat consumer_join(const std::string& member, const std::vector<std::string>& topics = {"orders"});
/// A heartbeat that says what the member owns.
Heartbeat consumer_beat(const World& world, const std::string& member, int32_t epoch,
                        const Partitions& owned);
HeartbeatAnswer send(World& world, const Heartbeat& request, int16_t version = 1);

/// A join by the classic protocol.
Join classic_join(const std::string& member, const Partitions& owned = {},
                  const std::vector<std::string>& topics = {"orders"});

/// A Stable classic group; each member subscribes to orders and is assigned these partitions.
std::vector<std::string> stable_consumers(World& world, const std::vector<Partitions>& assigned);

inline bool is_consumer(const World& world) {
    return std::holds_alternative<ConsumerGroup>(world.groups.find("g")->kind);
}

} // namespace group_test
