// Gives memory back to the system after large requests and answers. Net thread.
//
// What a large message leaves behind is free, but lies below small things that stay (the tail cache, the catalog), and the
// allocator hands out again, yet never returns, what is not at the end of its heap.
#pragma once
#include "net/timer.h"

#include <cstddef>

namespace kafka::net {

class SpareMemory {
public:
    explicit SpareMemory(uv_loop_t& loop);
    /// With another delay, and another way to give back what is free.
    SpareMemory(uv_loop_t& loop, std::chrono::milliseconds delay, std::function<void()> give_back);
    /// So many bytes are held for one client. Some seconds after these have become many, all that is free by then is given
    /// back. What comes in these seconds counts for the next time.
    void held(size_t bytes);
    void close() { timer_.close(); }

private:
    void start_if_many();

    const std::chrono::milliseconds delay_;
    const std::function<void()> give_back_;
    size_t held_ = 0; // since the timer was started last
    Timer timer_;
};

} // namespace kafka::net
