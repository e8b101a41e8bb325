#include "group/assignor.h"

#include <algorithm>
#include <set>

namespace kafka::group {

namespace {

constexpr int32_t nobody = -1;

/// Who is to have each partition. Members are known by their index.
class Owners {
public:
    struct Topic {
        wire::Uuid id;
        std::vector<int32_t> owner;       ///< by partition
        std::vector<int32_t> subscribers; ///< ascending; empty where all members subscribe to the same
    };
    enum class Subscriptions { equal, different };

    Owners(const std::vector<AssignorMember>& members, const PartitionCounts& counts,
           Subscriptions subscriptions)
        : load(members.size()) {
        for (const wire::Uuid& id : *members[0].topics) add(id, counts.at(id));
        for (size_t m = 0; subscriptions == Subscriptions::different && m < members.size(); m++)
            for (const wire::Uuid& id : *members[m].topics)
                add(id, counts.at(id)).subscribers.push_back(int32_t(m));
        std::sort(topics.begin(), topics.end(), [](const Topic& a, const Topic& b) { return a.id < b.id; });
        for (size_t t = 0; t < topics.size(); t++) index_[topics[t].id] = t;
    }

    /// The topic if anybody subscribes to it.
    Topic* find(const wire::Uuid& id) {
        const auto found = index_.find(id);
        return found == index_.end() ? nullptr : &topics[found->second];
    }

    void give(Topic& topic, size_t partition, int32_t member) {
        if (topic.owner[partition] != nobody) load[size_t(topic.owner[partition])]--;
        topic.owner[partition] = member;
        load[size_t(member)]++;
    }

    std::vector<Assignment> assignments() const {
        std::vector<Assignment> all(load.size());
        for (const Topic& topic : topics)
            for (size_t p = 0; p < topic.owner.size(); p++) {
                if (topic.owner[p] == nobody) continue;
                Assignment& to = all[size_t(topic.owner[p])];
                if (to.empty() || to.back().topic_id != topic.id) to.push_back({topic.id, {}});
                to.back().partitions.push_back(int32_t(p));
            }
        return all;
    }

    std::vector<Topic> topics; ///< that have subscribers, in the order of their ids
    std::vector<int32_t> load; ///< partitions by member

private:
    Topic& add(const wire::Uuid& id, int32_t partitions) {
        const auto [at, added] = index_.emplace(id, topics.size());
        if (added) topics.push_back({id, std::vector<int32_t>(size_t(std::max(partitions, 0)), nobody), {}});
        return topics[at->second];
    }

    std::unordered_map<wire::Uuid, size_t, wire::UuidHash> index_;
};

/// Leaves with each member what it was to have until now, as far as it still subscribes to it. Members with fewer
/// than their `most` partitions keep all.
void keep(Owners& owners, const std::vector<AssignorMember>& members, const std::vector<int32_t>* most) {
    for (size_t m = 0; m < members.size(); m++)
        for (const TopicPartitions& had : *members[m].target) {
            if (!std::binary_search(members[m].topics->begin(), members[m].topics->end(), had.topic_id))
                continue;
            Owners::Topic& topic = *owners.find(had.topic_id);
            for (const int32_t p : had.partitions) {
                if (most && owners.load[m] >= (*most)[m]) break;
                if (p < 0 || size_t(p) >= topic.owner.size() || topic.owner[size_t(p)] != nobody) continue;
                owners.give(topic, size_t(p), int32_t(m));
            }
        }
}

/// How many partitions each member is to have: all the same, or one more. That one stays with those who have it
/// already, so that it moves nothing.
std::vector<int32_t> quotas(const std::vector<int32_t>& load, size_t partitions) {
    const int32_t least = int32_t(partitions / load.size());
    size_t more = partitions % load.size();
    std::vector<int32_t> quota(load.size(), least);
    for (const bool has_it : {true, false})
        for (size_t m = 0; m < load.size(); m++) {
            if (more == 0 || (load[m] > least) != has_it) continue;
            quota[m]++;
            more--;
        }
    return quota;
}

/// All members subscribe to the same topics: which partition goes to whom does not matter, only how many.
std::vector<Assignment> assign_equals(const std::vector<AssignorMember>& members,
                                      const PartitionCounts& counts) {
    Owners before(members, counts, Owners::Subscriptions::equal);
    size_t partitions = 0;
    for (const Owners::Topic& topic : before.topics) partitions += topic.owner.size();
    keep(before, members, nullptr);
    const std::vector<int32_t> quota = quotas(before.load, partitions);

    Owners owners(members, counts, Owners::Subscriptions::equal);
    keep(owners, members, &quota);
    size_t m = 0;
    for (Owners::Topic& topic : owners.topics)
        for (size_t p = 0; p < topic.owner.size(); p++) {
            if (topic.owner[p] != nobody) continue;
            while (owners.load[m] >= quota[m]) m++; // quotas add up to the number of partitions
            owners.give(topic, p, int32_t(m));
        }
    return owners.assignments();
}

/// Members in the order of their load.
class ByLoad {
public:
    explicit ByLoad(std::vector<int32_t>& load) : load_(load) {}

    void add(int32_t member) { order_.emplace(load_[size_t(member)], member); }
    void remove(int32_t member) { order_.erase({load_[size_t(member)], member}); }
    bool empty() const { return order_.empty(); }
    int32_t least() const { return order_.begin()->second; }
    int32_t most() const { return order_.rbegin()->second; }

private:
    std::vector<int32_t>& load_;
    std::set<std::pair<int32_t, int32_t>> order_;
};

/// Topics that leave the least choice first: many partitions for few subscribers.
std::vector<Owners::Topic*> hardest_first(Owners& owners) {
    std::vector<Owners::Topic*> order;
    for (Owners::Topic& topic : owners.topics) order.push_back(&topic);
    std::stable_sort(order.begin(), order.end(), [](const Owners::Topic* a, const Owners::Topic* b) {
        const uint64_t share_a = uint64_t(a->owner.size()) * b->subscribers.size();
        const uint64_t share_b = uint64_t(b->owner.size()) * a->subscribers.size();
        return share_a != share_b ? share_a > share_b : a->subscribers.size() < b->subscribers.size();
    });
    return order;
}

/// Partitions that nobody has go to the subscribers with the least.
void give_out(Owners& owners, Owners::Topic& topic) {
    if (std::find(topic.owner.begin(), topic.owner.end(), nobody) == topic.owner.end()) return;
    ByLoad subscribers(owners.load);
    for (const int32_t m : topic.subscribers) subscribers.add(m);
    for (size_t p = 0; p < topic.owner.size(); p++) {
        if (topic.owner[p] != nobody) continue;
        const int32_t to = subscribers.least();
        subscribers.remove(to);
        owners.give(topic, p, to);
        subscribers.add(to);
    }
}

bool even(const Owners& owners, const Owners::Topic& topic) {
    int32_t least = owners.load[size_t(topic.subscribers[0])], most = least;
    for (const int32_t m : topic.subscribers) {
        least = std::min(least, owners.load[size_t(m)]);
        most = std::max(most, owners.load[size_t(m)]);
    }
    return most - least <= 1;
}

/// Moves partitions of the topic from the subscribers with the most to those with the least, until that would
/// gain nothing. True if any moved.
bool even_out(Owners& owners, Owners::Topic& topic) {
    if (even(owners, topic)) return false;
    std::unordered_map<int32_t, std::vector<size_t>> has;
    for (size_t p = 0; p < topic.owner.size(); p++) has[topic.owner[p]].push_back(p);
    ByLoad subscribers(owners.load),
        givers(owners.load); // nobody who got some has the most, so givers only lose
    for (const int32_t m : topic.subscribers) subscribers.add(m);
    for (const auto& [m, partitions] : has) givers.add(m);

    bool moved = false;
    while (!givers.empty()) {
        const int32_t from = givers.most(), to = subscribers.least();
        if (owners.load[size_t(from)] - owners.load[size_t(to)] <= 1) break;
        for (const int32_t m : {from, to}) subscribers.remove(m);
        givers.remove(from);
        const bool to_gives = has.contains(to) && !has[to].empty();
        if (to_gives) givers.remove(to);
        owners.give(topic, has[from].back(), to);
        has[from].pop_back();
        for (const int32_t m : {from, to}) subscribers.add(m);
        if (!has[from].empty()) givers.add(from);
        if (to_gives) givers.add(to);
        moved = true;
    }
    return moved;
}

std::vector<Assignment> assign_different(const std::vector<AssignorMember>& members,
                                         const PartitionCounts& counts) {
    Owners owners(members, counts, Owners::Subscriptions::different);
    keep(owners, members, nullptr);
    const std::vector<Owners::Topic*> order = hardest_first(owners);
    for (Owners::Topic* topic : order) give_out(owners, *topic);
    // Overlapping subscriptions may take many rounds to settle, each of which halves the difference or so.
    for (int round = 0; round < 16; round++) {
        bool moved = false;
        for (Owners::Topic* topic : order) moved |= even_out(owners, *topic);
        if (!moved) break;
    }
    return owners.assignments();
}

} // namespace

std::vector<Assignment> assign_uniform(const std::vector<AssignorMember>& members,
                                       const PartitionCounts& topics) {
    if (members.empty()) return {};
    return homogeneous(members) ? assign_equals(members, topics) : assign_different(members, topics);
}

} // namespace kafka::group
