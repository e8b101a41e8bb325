// Which transactions of a partition were aborted, for readers of committed records, as far as it is in memory. Pure.
#pragma once
#include <cstdint>
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

} // namespace kafka::log
