#include "group/partitions.h"

#include <algorithm>
#include <iterator>
#include <map>

namespace kafka::group {

namespace {

const std::vector<int32_t> no_partitions;

/// Calls visit(topic, partitions in a, partitions in b) for each topic of either, in order.
template <class Visit> void each_topic(const Assignment& a, const Assignment& b, Visit visit) {
    auto x = a.begin(), y = b.begin();
    while (x != a.end() || y != b.end()) {
        const bool in_a = x != a.end() && (y == b.end() || x->topic_id <= y->topic_id);
        const bool in_b = y != b.end() && (x == a.end() || y->topic_id <= x->topic_id);
        visit(in_a ? x->topic_id : y->topic_id, in_a ? x->partitions : no_partitions,
              in_b ? y->partitions : no_partitions);
        x += in_a;
        y += in_b;
    }
}

template <class Combine> Assignment combined(const Assignment& a, const Assignment& b, Combine combine) {
    Assignment all;
    each_topic(a, b, [&](const wire::Uuid& topic, const auto& in_a, const auto& in_b) {
        std::vector<int32_t> partitions;
        combine(in_a, in_b, std::back_inserter(partitions));
        if (!partitions.empty()) all.push_back({topic, std::move(partitions)});
    });
    return all;
}

using PartitionsByTopic = std::map<wire::Uuid, std::vector<int32_t>>;

Assignment in_order(PartitionsByTopic by_topic) {
    Assignment all;
    for (auto& [topic, partitions] : by_topic) {
        std::sort(partitions.begin(), partitions.end());
        partitions.erase(std::unique(partitions.begin(), partitions.end()), partitions.end());
        if (!partitions.empty()) all.push_back({topic, std::move(partitions)});
    }
    return all;
}

} // namespace

Assignment common(const Assignment& a, const Assignment& b) {
    return combined(a, b, [](const auto& x, const auto& y, auto to) {
        std::set_intersection(x.begin(), x.end(), y.begin(), y.end(), to);
    });
}

Assignment without(const Assignment& a, const Assignment& b) {
    return combined(a, b, [](const auto& x, const auto& y, auto to) {
        std::set_difference(x.begin(), x.end(), y.begin(), y.end(), to);
    });
}

Assignment united(const Assignment& a, const Assignment& b) {
    return combined(a, b, [](const auto& x, const auto& y, auto to) {
        std::set_union(x.begin(), x.end(), y.begin(), y.end(), to);
    });
}

bool disjoint(const Assignment& a, const Assignment& b) { return common(a, b).empty(); }

bool within(const Assignment& part, const Assignment& whole) {
    bool all = true;
    each_topic(part, whole, [&](const wire::Uuid&, const auto& in_part, const auto& in_whole) {
        all = all && std::includes(in_whole.begin(), in_whole.end(), in_part.begin(), in_part.end());
    });
    return all;
}

Assignment of_topics(const Assignment& all, const std::vector<wire::Uuid>& topics, bool of_them) {
    Assignment some;
    for (const TopicPartitions& t : all)
        if (std::binary_search(topics.begin(), topics.end(), t.topic_id) == of_them) some.push_back(t);
    return some;
}

std::optional<Assignment>
from_request(const std::optional<std::vector<wire::consumer_group_heartbeat::TopicPartitions>>& owned) {
    if (!owned) return {};
    PartitionsByTopic by_topic;
    for (const auto& t : *owned) {
        std::vector<int32_t>& partitions = by_topic[t.topic_id];
        partitions.insert(partitions.end(), t.partitions.begin(), t.partitions.end());
    }
    return in_order(std::move(by_topic));
}

wire::consumer_group_heartbeat::Assignment to_response(const Assignment& assigned) {
    wire::consumer_group_heartbeat::Assignment response;
    for (const TopicPartitions& t : assigned) response.topic_partitions.push_back({t.topic_id, t.partitions});
    return response;
}

Assignment by_id(const std::vector<NamedPartitions>& named, const TopicLookup& topics) {
    PartitionsByTopic by_topic;
    for (const NamedPartitions& t : named) {
        const std::optional<TopicInfo> topic = topics.by_name(t.topic);
        if (!topic) continue;
        for (const int32_t partition : t.partitions)
            if (partition >= 0 && partition < topic->partitions) by_topic[topic->id].push_back(partition);
    }
    return in_order(std::move(by_topic));
}

std::vector<NamedPartitions> by_name(const Assignment& all, const TopicLookup& topics) {
    std::vector<NamedPartitions> named;
    for (const TopicPartitions& t : all)
        if (const std::optional<TopicInfo> topic = topics.by_id(t.topic_id))
            named.push_back({std::string(topic->name), t.partitions});
    return named;
}

} // namespace kafka::group
