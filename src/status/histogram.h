// How long things took: counts in buckets whose width grows with the time, so that every percentile is known to within an
// eighth, from a microsecond to most of a day. One thread adds, any thread or process reads. Pure.
#pragma once
#include "status/counter.h"

#include <array>
#include <cstddef>

namespace kafka::status {

class Histogram {
    static constexpr int bits_within = 3; ///< of a bucket's number: the part within a power of two
    static constexpr int longest_bits = 36;

public:
    /// A power of two has eight buckets; below sixteen microseconds each value has its own.
    static constexpr size_t bucket_count = size_t(longest_bits - bits_within + 1) << bits_within;
    /// The bucket of a time in microseconds; the last one has all that is longer, too.
    static size_t bucket_of(uint64_t microseconds);
    /// The longest time of a bucket.
    static uint64_t longest_in(size_t bucket);

    void add(uint64_t microseconds) {
        buckets_[bucket_of(microseconds)].add();
        total_.add(microseconds);
        longest_.raise_to(microseconds);
    }

    /// What it held at one time; all times in microseconds.
    struct Snapshot {
        std::array<uint64_t, bucket_count> counts{};
        uint64_t count = 0;
        uint64_t total = 0;   ///< all times together
        uint64_t longest = 0; ///< 0 if there was none
        /// So many of a hundred took at most this long; 0 if there was none.
        uint64_t percentile(unsigned percent) const;
    };
    Snapshot read() const;

private:
    std::array<Counter, bucket_count> buckets_;
    Counter total_, longest_;
};

} // namespace kafka::status
