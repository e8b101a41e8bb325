#include "group/assignor.h"

#include <algorithm>
#include <numeric>

namespace kafka::group {

namespace {

/// Where a topic's next range begins, and how long it is.
struct Ranges {
    int32_t subscribers = 0, next = 0, least = 0, longer = 0; ///< as many as `longer` get one partition more

    void begin(int32_t partitions) {
        least = partitions / subscribers;
        longer = partitions % subscribers;
    }
    std::vector<int32_t> take() {
        const int32_t size = least + (longer > 0);
        if (longer > 0) longer--;
        std::vector<int32_t> range(static_cast<size_t>(size));
        std::iota(range.begin(), range.end(), next);
        next += size;
        return range;
    }
};

bool goes_before(const AssignorMember& a, const AssignorMember& b) {
    if (a.instance_id && b.instance_id) return *a.instance_id < *b.instance_id;
    if (a.instance_id || b.instance_id) return a.instance_id != nullptr;
    return *a.member_id < *b.member_id;
}

std::vector<size_t> in_order(const std::vector<AssignorMember>& members) {
    std::vector<size_t> order(members.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return goes_before(members[a], members[b]); });
    return order;
}

} // namespace

Assignor find_assignor(wire::View name) {
    if (name == "uniform") return assign_uniform;
    if (name == "range") return assign_range;
    return nullptr;
}

bool homogeneous(const std::vector<AssignorMember>& members) {
    return std::all_of(members.begin(), members.end(), [&](const AssignorMember& m) {
        return m.topics == members[0].topics || *m.topics == *members[0].topics;
    });
}

std::vector<Assignment> assign_range(const std::vector<AssignorMember>& members,
                                     const PartitionCounts& topics) {
    std::unordered_map<wire::Uuid, Ranges, wire::UuidHash> ranges;
    for (const AssignorMember& m : members)
        for (const wire::Uuid& topic : *m.topics) ranges[topic].subscribers++;
    for (auto& [topic, range] : ranges) range.begin(topics.at(topic));

    std::vector<Assignment> assigned(members.size());
    for (const size_t m : in_order(members))
        for (const wire::Uuid& topic : *members[m].topics) {
            std::vector<int32_t> range = ranges[topic].take();
            if (!range.empty()) assigned[m].push_back({topic, std::move(range)});
        }
    return assigned;
}

} // namespace kafka::group
