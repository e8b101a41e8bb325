// See tail_cache.h. A batch is charged its bytes and a fixed amount for the bookkeeping around it.
#include "log/tail_cache.h"

#include <algorithm>
#include <unordered_map>

namespace kafka::log {
namespace {
constexpr size_t overhead = sizeof(CachedBatch) + sizeof(std::shared_ptr<Tail>) + 64;
size_t charge(const CachedBatch& batch) { return batch.data.data.size() + overhead; }
} // namespace

BatchRun Tail::read(int64_t offset, size_t max_bytes, bool at_least_one) const {
    BatchRun run;
    if (!covers(offset)) return run;
    auto it = std::partition_point(batches_.begin(), batches_.end(),
                                   [&](const CachedBatch& b) { return b.last_offset < offset; });
    for (; it != batches_.end(); ++it) {
        const size_t size = it->data.data.size();
        const bool first = run.slices.empty();
        if (run.bytes + size > max_bytes && !(first && at_least_one)) break;
        run.slices.push_back(it->data);
        run.bytes += size;
        run.next_offset = it->last_offset + 1;
    }
    return run;
}

void TailCache::put(const std::shared_ptr<Tail>& tail, CachedBatch batch) {
    bytes_ += charge(batch);
    tail->batches_.push_back(std::move(batch));
    order_.push_back(tail);
    evict();
}

void TailCache::drop(Tail& tail) {
    stale_ += tail.batches_.size();
    while (!tail.batches_.empty()) pop(tail);
    tail.dropped_ = true;
    if (stale_ <= order_.size() / 2) return; // so that sweeping costs little for each batch
    std::erase_if(order_, [](const std::shared_ptr<Tail>& t) { return t->dropped_; });
    stale_ = 0;
}

void TailCache::cut(const std::vector<TailCut>& cuts) {
    std::unordered_map<const Tail*, size_t> left_out;
    for (const TailCut& cut : cuts)
        for (; !cut.tail->batches_.empty() && cut.tail->batches_.front().last_offset < cut.before;
             pop(*cut.tail))
            left_out[cut.tail]++;
    if (left_out.empty()) return;
    std::erase_if(order_, [&](const std::shared_ptr<Tail>& t) {
        const auto left = left_out.find(t.get());
        return left != left_out.end() && left->second > 0 && left->second-- > 0;
    });
}

void TailCache::resize(size_t max_bytes) {
    max_bytes_ = max_bytes;
    evict();
}

void TailCache::evict() {
    while (bytes_ > max_bytes_ && !order_.empty()) {
        const std::shared_ptr<Tail> oldest = std::move(order_.front());
        order_.pop_front();
        if (oldest->dropped_)
            stale_--;
        else
            pop(*oldest);
    }
}

void TailCache::pop(Tail& tail) {
    bytes_ -= charge(tail.batches_.front());
    tail.batches_.pop_front();
}

} // namespace kafka::log
