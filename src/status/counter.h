// A number that one thread changes and any thread or process reads, at the cost of a plain variable. Pure.
#pragma once
#include <atomic>
#include <cstdint>

namespace kafka::status {

class Counter {
public:
    // By the one thread that writes it.
    void add(uint64_t more = 1) { set(get() + more); }
    void raise_to(uint64_t value) {
        if (value > get()) set(value);
    }
    void set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }

    uint64_t get() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<uint64_t> value_{0};
};
static_assert(std::atomic<uint64_t>::is_always_lock_free, "it lies in memory that processes share");

} // namespace kafka::status
