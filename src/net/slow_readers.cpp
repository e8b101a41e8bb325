// Ends clients that do not read. See slow_readers.h.
#include "net/slow_readers.h"

#include "net/connection.h"

#include <algorithm>

namespace kafka::net {
namespace {

constexpr Milliseconds longest_check_interval{1'000};

} // namespace

SlowReaders::SlowReaders(uv_loop_t& loop, Milliseconds max_stall, std::function<bool()> memory_wanted)
    : loop_(loop), max_stall_(max_stall), memory_wanted_(std::move(memory_wanted)),
      check_(loop, [this] { check(); }) {}

void SlowReaders::fell_behind(Connection& connection) {
    behind_.join(connection.places().behind, Milliseconds(uv_now(&loop_)));
    if (!check_.started()) check_.start(std::min(max_stall_, longest_check_interval));
}

void SlowReaders::caught_up(Connection& connection) { connection.places().behind.leave(); }

void SlowReaders::check() {
    const Milliseconds now(uv_now(&loop_));
    const bool wanted = memory_wanted_();
    ListPlace* next = behind_.first();
    for (ListPlace* const last = behind_.last(); next;) {
        ListPlace& place = *next;
        next = &place == last ? nullptr : behind_.after(place); // those that join anew come behind the last
        if (place.connection().took_some())
            behind_.join(place, now);
        else if (wanted && place.since() + max_stall_ <= now)
            place.connection().close_for_client_error(
                "The client did not read while the memory for answers was used up.");
    }
    if (!behind_.empty()) check_.start(std::min(max_stall_, longest_check_interval));
}

} // namespace kafka::net
