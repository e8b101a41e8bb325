// How many bytes of requests are held at once, over all connections.
// The net thread charges and looks; both threads release, as frames live on both. Nothing is refused here:
// the net thread stops reading while the budget is exhausted (memory_gate.h).
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace kafka::net {

class MemoryBudget {
public:
    /// `released` is called, on whichever thread releases, once for each want_wakeup(); it must not throw.
    /// `used`: where to count, so that others can see it.
    MemoryBudget(int64_t limit, std::function<void()> released,
                 std::shared_ptr<std::atomic<int64_t>> used = std::make_shared<std::atomic<int64_t>>(0))
        : used_(std::move(used)), limit_(limit), released_(std::move(released)) {}

    int64_t used() const { return *used_; }
    bool exhausted() const { return *used_ >= limit_; }
    void set_limit(int64_t bytes) { limit_ = bytes; }
    void charge(int64_t bytes) { *used_ += bytes; }

    void release(int64_t bytes) {
        *used_ -= bytes;
        if (wakeup_wanted_.exchange(false)) released_();
    }

    /// Asks to be told of the next release. Look at the budget once more after asking: it may have come
    /// before.
    void want_wakeup() { wakeup_wanted_ = true; }

private:
    const std::shared_ptr<std::atomic<int64_t>> used_;
    std::atomic<int64_t> limit_;
    std::atomic<bool> wakeup_wanted_ = false;
    const std::function<void()> released_;
};

} // namespace kafka::net
