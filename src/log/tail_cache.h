// The newest batches of each partition, kept in memory so that consumers that keep up are served without a
// query and without a copy. Bounded in bytes over all partitions; the oldest batch of all goes first. Main
// thread only.
#pragma once
#include "wire/bytes.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace kafka::log {

/// One batch as consumers get it. `data.owner` keeps the received frame, or a copy, alive.
struct CachedBatch {
    int64_t base_offset, last_offset;
    wire::Slice data;
};

/// Consecutive batches for a reply.
struct BatchRun {
    std::vector<wire::Slice> slices;
    size_t bytes = 0;
    int64_t next_offset = -1; ///< after the last batch; -1: nothing was read
};

/// The cached end of one partition: consecutive batches, the last one being the newest of the log.
class Tail {
public:
    /// True if the batch that holds `offset` is here.
    bool covers(int64_t offset) const { return !batches_.empty() && batches_.front().base_offset <= offset; }

    /// Whole batches from the one that holds `offset` on, up to `max_bytes`; the first one even if it is
    /// larger when `at_least_one`. Nothing unless covers(offset) and the offset is below the end.
    BatchRun read(int64_t offset, size_t max_bytes, bool at_least_one) const;

private:
    friend class TailCache;
    std::deque<CachedBatch> batches_;
    bool dropped_ = false;
};

/// What is to go of a tail: whatever ends below an offset.
struct TailCut {
    Tail* tail;
    int64_t before;
};

/// Owner of the bound over all tails.
class TailCache {
public:
    explicit TailCache(size_t max_bytes) : max_bytes_(max_bytes) {}

    /// Appends the newest batch of a partition and evicts the oldest batches of all past the bound.
    void put(const std::shared_ptr<Tail>& tail, CachedBatch batch);
    /// Forgets a partition that is gone.
    void drop(Tail& tail);
    /// Forgets the beginning of some tails. It goes over all batches.
    void cut(const std::vector<TailCut>& cuts);
    void resize(size_t max_bytes);
    size_t bytes() const { return bytes_; }

private:
    void evict();
    void pop(Tail& tail);

    size_t max_bytes_, bytes_ = 0;
    std::deque<std::shared_ptr<Tail>> order_; ///< one element per cached batch, oldest first
    size_t stale_ = 0;                        ///< elements of order_ whose batch went with its partition
};

} // namespace kafka::log
