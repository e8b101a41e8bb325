// Sets of partitions, as members have them: sorted lists by topic, in the order of the topic ids. Pure.
#pragma once
#include "group/embedded_protocol.h"
#include "group/types.h"

#include <optional>
#include <unordered_map>

namespace kafka::group {

/// Partitions by topic, in the order of the topic ids, each topic with one partition at least.
using Assignment = std::vector<TopicPartitions>;

struct TopicPartition {
    wire::Uuid topic_id{};
    int32_t partition = 0;
    bool operator==(const TopicPartition&) const = default;
};

struct TopicPartitionHash {
    size_t operator()(const TopicPartition& p) const {
        return wire::UuidHash{}(p.topic_id) + size_t(p.partition) * 0x9e3779b97f4a7c15;
    }
};

/// Those that are in both.
Assignment common(const Assignment& a, const Assignment& b);
/// Those of `a` that are not in `b`.
Assignment without(const Assignment& a, const Assignment& b);
/// Those that are in either.
Assignment united(const Assignment& a, const Assignment& b);
/// Have they nothing in common?
bool disjoint(const Assignment& a, const Assignment& b);
/// Is everything of `part` in `whole`?
bool within(const Assignment& part, const Assignment& whole);
/// Those of these topics, which are ascending, or, when `of_them` is false, of all others.
Assignment of_topics(const Assignment& all, const std::vector<wire::Uuid>& topics, bool of_them = true);

/// What a member says that it owns; null: it does not say. Clients may name things twice, or in any order.
std::optional<Assignment>
from_request(const std::optional<std::vector<wire::consumer_group_heartbeat::TopicPartitions>>& owned);
wire::consumer_group_heartbeat::Assignment to_response(const Assignment& assigned);

/// The same as consumers of the classic protocol say it. What does not exist is left out.
Assignment by_id(const std::vector<NamedPartitions>& named, const TopicLookup& topics);
std::vector<NamedPartitions> by_name(const Assignment& all, const TopicLookup& topics);

} // namespace kafka::group
