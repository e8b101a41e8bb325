// Closes idle connections. See idle_clock.h.
#include "net/idle_clock.h"

#include "net/connection.h"

namespace kafka::net {

IdleClock::IdleClock(uv_loop_t& loop, Milliseconds max_idle)
    : loop_(loop), max_idle_(max_idle), timer_(loop, [this] { expire(); }) {}

void IdleClock::set_max_idle(Milliseconds max_idle) {
    max_idle_ = max_idle;
    timer_.stop();
    arm();
}

void IdleClock::idle(Connection& connection) {
    idle_.join(connection.places().idle, Milliseconds(uv_now(&loop_)));
    if (!timer_.started()) arm();
}

void IdleClock::busy(Connection& connection) { connection.places().idle.leave(); }

// The timer was set for a connection that may have been busy since: then it is only set anew.
void IdleClock::expire() {
    const Milliseconds now(uv_now(&loop_));
    while (ListPlace* place = idle_.first()) {
        if (place->since() + max_idle_ > now) break;
        place->connection().close("idle for too long");
    }
    arm();
}

void IdleClock::arm() {
    ListPlace* longest = idle_.first();
    if (max_idle_.count() <= 0 || !longest) return;
    timer_.start(longest->since() + max_idle_ - Milliseconds(uv_now(&loop_)));
}

} // namespace kafka::net
