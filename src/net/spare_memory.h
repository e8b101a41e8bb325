// Gives memory back to the system once large requests and answers are over. Net thread.
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
    /// So many bytes are held for one client. Some seconds after the last large amount all that is free is given back.
    void held(size_t bytes);
    void close() { quiet_.close(); }

private:
    Timer quiet_;
};

} // namespace kafka::net
