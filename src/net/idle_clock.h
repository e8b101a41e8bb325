// Closes connections that have had no request for connections.max.idle.ms. Net thread.
// One timer for all of them, set for the longest idle one; a busy connection only changes its place in a
// list.
#pragma once
#include "net/connection_list.h"
#include "net/timer.h"

namespace kafka::net {

class IdleClock {
public:
    IdleClock(uv_loop_t& loop, Milliseconds max_idle);

    /// A new bound, for the connections that are idle already, too. 0 or less: none.
    void set_max_idle(Milliseconds max_idle);
    /// From now on this connection has no request in flight.
    void idle(Connection& connection);
    /// It has one in flight, and may wait for its answer as long as it takes.
    void busy(Connection& connection);
    void close() { timer_.close(); }

private:
    void expire();
    void arm();

    uv_loop_t& loop_;
    Milliseconds max_idle_;
    ConnectionList idle_;
    Timer timer_;
};

} // namespace kafka::net
