// The memory of record batches in responses that clients have not taken yet, over all connections: batches read from
// tables, and those that the tail cache has let go of meanwhile. A client that asks for much and reads slowly must not
// fill memory, nor keep others from being served. So a response gets at most a quarter of what is left: however many
// such clients there are, each further one gets less. Once all is used, nothing more is read from tables until some of it is
// released; the batch that goes past the limit is the last one. What is in the tail cache is there anyway.
#pragma once
#include "wire/bytes.h"

#include <atomic>
#include <functional>
#include <memory>

namespace kafka::api {

class ResponseMemory {
public:
    /// `used` is where it counts; outlives all responses.
    explicit ResponseMemory(std::atomic<int64_t>& used) : used_(used) {}
    /// Bytes for all responses together. Main thread.
    void set_limit(size_t bytes) { limit_ = bytes; }
    /// Most bytes of batches that the next response may have. Main thread.
    size_t room() const {
        const size_t used = this->used();
        return used < limit_ ? (limit_ - used) / 4 : 0;
    }
    /// Whether nothing more is to be read from tables. Main thread.
    bool full() const { return used() > 0 && used() >= limit_; }
    /// Wakes the main thread at the next release. Look once more after asking: it may have come before. Main thread.
    void want_wakeup() { *wakeup_wanted_ = true; }
    /// Tells whether a wake-up was asked for since the last release. Any thread, and after this is gone.
    std::function<bool()> is_wanted() const {
        return [wanted = wakeup_wanted_] { return wanted->load(); };
    }
    /// Counts `bytes` until `last`, the last slice of a response, is sent or dropped, in whatever thread that happens.
    void charge(wire::Slice& last, size_t bytes);
    /// Bytes in responses that are not sent yet. Any thread.
    size_t used() const { return size_t(used_); }

private:
    size_t limit_ = 0;
    std::atomic<int64_t>& used_;
    std::shared_ptr<std::atomic<bool>> wakeup_wanted_ = std::make_shared<std::atomic<bool>>(false);
};

} // namespace kafka::api
