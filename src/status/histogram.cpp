// See histogram.h.
#include "status/histogram.h"

#include <algorithm>
#include <bit>

namespace kafka::status {

size_t Histogram::bucket_of(uint64_t microseconds) {
    constexpr uint64_t within = uint64_t(1) << bits_within;
    if (microseconds < within) return size_t(microseconds);
    const int shift = std::bit_width(microseconds) - 1 - bits_within;
    const size_t bucket = size_t(shift << bits_within) + size_t(microseconds >> shift);
    return std::min(bucket, bucket_count - 1);
}

uint64_t Histogram::longest_in(size_t bucket) {
    if (bucket + 1 >= bucket_count) return UINT64_MAX;
    const size_t next = bucket + 1;
    const size_t shift = std::max<size_t>(next >> bits_within, 1) - 1;
    return (uint64_t(next - (shift << bits_within)) << shift) - 1;
}

Histogram::Snapshot Histogram::read() const {
    Snapshot snapshot;
    for (size_t i = 0; i < bucket_count; i++) snapshot.count += snapshot.counts[i] = buckets_[i].get();
    snapshot.total = total_.get();
    snapshot.longest = longest_.get();
    return snapshot;
}

uint64_t Histogram::Snapshot::percentile(unsigned percent) const {
    uint64_t left = (count * percent + 99) / 100;
    for (size_t i = 0; i < bucket_count; i++) {
        if (counts[i] >= left) return std::min(longest_in(i), longest);
        left -= counts[i];
    }
    return longest;
}

} // namespace kafka::status
