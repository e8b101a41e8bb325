#include "txn/rows.h"

#include <algorithm>

namespace kafka::txn {
namespace {

bool is_before(const AddedPartition& a, const AddedPartition& b) { return a.id < b.id; }

} // namespace

std::optional<PartitionId> find_partition(const group::TopicLookup& topics, wire::View topic,
                                          int32_t partition) {
    const auto found = topics.by_name(topic);
    if (!found || partition < 0 || partition >= found->partitions) return std::nullopt;
    return PartitionId{found->id, partition};
}

const AddedPartition* find_added(const TransactionRow& row, const PartitionId& partition) {
    const auto& all = row.partitions;
    const auto at = std::lower_bound(all.begin(), all.end(), AddedPartition{partition}, is_before);
    return at != all.end() && at->id == partition ? &*at : nullptr;
}

TransactionRow begun(TransactionRow row, const Now& now) {
    if (row.state == State::ongoing) return row;
    row.state = State::ongoing;
    row.start_ms = now.ms;
    row.last_epoch = no_epoch;
    row.previous_producer_id = no_producer_id;
    return row;
}

TransactionRow ended(TransactionRow row, State state) {
    row.state = state;
    row.partitions.clear();
    row.groups.clear();
    return row;
}

bool add_partitions_to(TransactionRow& row, std::vector<AddedPartition> partitions) {
    std::stable_sort(partitions.begin(), partitions.end(), is_before);
    bool changed = false;
    std::vector<AddedPartition> all;
    all.reserve(row.partitions.size() + partitions.size());
    auto old = row.partitions.begin();
    for (const AddedPartition& one : partitions) {
        while (old != row.partitions.end() && !is_before(one, *old)) all.push_back(*old++);
        if (all.empty() || all.back().id != one.id)
            all.push_back(one);
        else if (all.back().first_offset == no_offset && one.first_offset != no_offset)
            all.back().first_offset = one.first_offset;
        else
            continue;
        changed = true;
    }
    all.insert(all.end(), old, row.partitions.end());
    row.partitions = std::move(all);
    return changed;
}

bool add_group_to(TransactionRow& row, const std::string& group_id) {
    const auto at = std::lower_bound(row.groups.begin(), row.groups.end(), group_id);
    if (at != row.groups.end() && *at == group_id) return false;
    row.groups.insert(at, group_id);
    return true;
}

bool has_group(const TransactionRow& row, const std::string& group_id) {
    return std::binary_search(row.groups.begin(), row.groups.end(), group_id);
}

} // namespace kafka::txn
