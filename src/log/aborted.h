// Which transactions of a partition were aborted, for readers of committed records, as far as it is in memory. Pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace kafka::log {

/// What a producer wrote to a partition in a transaction that was aborted.
struct Aborted {
    int64_t producer_id;
    int64_t first_offset, last_offset; ///< of its first batch, and of the marker
};

/// What is known of the aborted transactions of one partition.
struct AbortedStretch {
    std::vector<Aborted> transactions; ///< in the order of their ends
    int64_t from = 0,
            until = 0; ///< offsets: all that ended at `from` or later and began below `until` are known

    /// Whether all is known that a reader of the offsets from `first` on and below `end` has to be told.
    bool covers(int64_t first, int64_t end) const { return first >= from && end <= until; }

    /// That, as far as it is known.
    std::vector<Aborted> between(int64_t first, int64_t end) const {
        std::vector<Aborted> found;
        for (const Aborted& a : transactions)
            if (a.last_offset >= first && a.first_offset < end) found.push_back(a);
        return found;
    }
};

/// Finds out of which batches the transactions were aborted.
class AbortedIndex {
public:
    void add(const Aborted& a) { first_offsets_[{a.producer_id, a.last_offset}] = a.first_offset; }
    void clear() { first_offsets_.clear(); }
    size_t size() const { return first_offsets_.size(); }

    /// Whether a batch that the producer wrote at this offset, in a transaction that has ended, was aborted.
    bool holds(int64_t producer_id, int64_t offset) const {
        const auto next_end = first_offsets_.upper_bound({producer_id, offset});
        return next_end != first_offsets_.end() && next_end->first.first == producer_id &&
               next_end->second <= offset;
    }

private:
    std::map<std::pair<int64_t, int64_t>, int64_t>
        first_offsets_; ///< by producer id and offset of the marker
};

} // namespace kafka::log
