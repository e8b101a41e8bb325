// Ends clients that do not read while others wait for the memory that their answers take. Net thread.
// Nobody is disconnected for being slow alone: only while memory is wanted, and who takes something now and then goes on.
#pragma once
#include "net/connection_list.h"
#include "net/timer.h"

#include <functional>

namespace kafka::net {

class SlowReaders {
public:
    /// `memory_wanted` tells whether somebody waits for memory of answers. A client may keep still for `max_stall`.
    SlowReaders(uv_loop_t& loop, Milliseconds max_stall, std::function<bool()> memory_wanted);
    void set_max_stall(Milliseconds max_stall) { max_stall_ = max_stall; }

    /// The socket does not take more for now, and there is more to be sent.
    void fell_behind(Connection& connection);
    /// It has taken all that it was given.
    void caught_up(Connection& connection);
    void close() { check_.close(); }

private:
    void check();

    uv_loop_t& loop_;
    Milliseconds max_stall_;
    const std::function<bool()> memory_wanted_;
    ConnectionList behind_; // longest without progress first
    Timer check_;           // runs while any is behind
};

} // namespace kafka::net
