// Bytes that grow in steps up to a bound and are never cleared first: where decompressed records go. Pure.
#pragma once
#include "wire/bytes.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

namespace kafka::record {

/// A bounded, growing piece of memory with a single owner.
class Buffer {
public:
    Buffer() = default;
    /// At most `limit` bytes will ever be held; `first_step` of them are asked for when the first are needed.
    Buffer(size_t first_step, size_t limit) : step_(std::max<size_t>(first_step, 1)), limit_(limit) {}

    wire::View view() const& { return {bytes_.get(), size_}; }
    wire::View view() const&& = delete; ///< it would outlive the bytes
    size_t size() const { return size_; }

    /// Where the next bytes go. Valid until the next grow().
    char* end() { return bytes_.get() + size_; }
    size_t room() const { return capacity_ - size_; }
    /// Counts bytes written at end(), at most room() of them.
    void advance(size_t written) { size_ += written; }

    /// Makes room for `least` more bytes, doubling. False if the limit does not allow them.
    bool grow(size_t least = 1) {
        if (least <= room()) return true;
        if (least > limit_ - size_) return false;
        const size_t wanted = std::max({size_ + least, capacity_ * 2, step_});
        resize(std::min(wanted, limit_));
        return true;
    }

private:
    struct Free {
        void operator()(char* bytes) const { std::free(bytes); }
    };

    void resize(size_t capacity) {
        char* moved = static_cast<char*>(std::realloc(bytes_.get(), capacity));
        if (!moved) throw std::bad_alloc();
        (void)bytes_.release();
        bytes_.reset(moved);
        capacity_ = capacity;
    }

    std::unique_ptr<char, Free> bytes_;
    size_t size_ = 0, capacity_ = 0, step_ = 1, limit_ = 0;
};

} // namespace kafka::record
