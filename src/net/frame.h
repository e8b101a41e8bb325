// The bytes of one received request, without its size field.
// Filled on the net thread; then shared: the main thread may patch the bytes in place and may keep them (tail
// cache) long after the request was answered.
#pragma once
#include "net/memory_budget.h"
#include "wire/bytes.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>

namespace kafka::net {

/// Memory grows with the bytes that have come, at most twofold, never with the declared size; it is charged
/// to the budget until the request has been answered or the frame dies, whichever is first.
class Frame {
public:
    /// A frame that was announced with `declared_size` bytes, none of which is here yet.
    Frame(size_t declared_size, std::shared_ptr<MemoryBudget> budget);
    ~Frame();
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

    char* data() { return data_; }
    const char* data() const { return data_; }
    size_t size() const { return size_; }
    wire::View view() const { return {data_, size_}; }
    bool complete() const { return size_ == declared_; }
    size_t missing() const { return declared_ - size_; }

    /// Copies the next bytes in; not more than are missing. Throws std::bad_alloc.
    void append(wire::View bytes);
    /// Free memory for the next bytes, never empty while bytes are missing. Throws std::bad_alloc.
    std::span<char> room();
    /// So many bytes were written to the start of room().
    void filled(size_t bytes) { size_ += bytes; }

    /// Counts more memory as this request's: what it was decoded to.
    void charge(size_t bytes);
    /// Gives the charged bytes back to the budget; again has no effect. Any thread.
    void release_budget() noexcept;
    /// True once the budget has its bytes back.
    bool budget_released() const { return charged_ == 0; }

private:
    void reserve(size_t bytes);

    char* data_ = nullptr;
    size_t size_ = 0, capacity_ = 0;
    const size_t declared_;
    std::shared_ptr<MemoryBudget> budget_;
    std::atomic<int64_t> charged_;
};

/// Held by a request for as long as it is being answered; gives the budget of its frame back when it ends,
/// also when the request is dropped or its connection is gone, and whoever else still keeps the frame.
class BudgetCharge {
public:
    BudgetCharge() = default;
    explicit BudgetCharge(std::shared_ptr<Frame> frame) : frame_(std::move(frame)) {}
    BudgetCharge(BudgetCharge&& other) noexcept = default;
    BudgetCharge& operator=(BudgetCharge&& other) noexcept {
        frame_.swap(other.frame_); // what was held here ends with `other`
        return *this;
    }
    ~BudgetCharge() {
        if (frame_) frame_->release_budget();
    }

private:
    std::shared_ptr<Frame> frame_;
};

} // namespace kafka::net
