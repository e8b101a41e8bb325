// What all connections of the net thread share.
#pragma once
#include "net/idle_clock.h"
#include "net/memory_gate.h"
#include "net/messages.h"
#include "net/notices.h"
#include "net/settings.h"
#include "net/slow_readers.h"
#include "net/spare_memory.h"
#include "net/waker.h"
#include "status/board.h"

#include <array>
#include <functional>
#include <memory>

namespace kafka::net {

struct Context {
    Context(uv_loop_t& the_loop, Settings first_settings, Callbacks the_callbacks,
            std::shared_ptr<Waker> waker, const std::shared_ptr<status::Board>& board)
        : loop(the_loop), settings(std::move(first_settings)), callbacks(std::move(the_callbacks)),
          notices(loop, callbacks.notice), gate(loop, settings.request_memory, settings.max_stall,
                                                std::move(waker), {board, &board->net.request_memory}),
          idle_clock(loop, settings.connections_max_idle),
          slow_readers(loop, settings.max_stall, callbacks.response_memory_wanted), spare_memory(loop),
          figures(board->net), table(board->slots()) {}

    uv_loop_t& loop;
    Settings settings;
    const Callbacks callbacks;
    Notices notices;
    MemoryGate gate;
    IdleClock idle_clock;
    SlowReaders slow_readers;
    SpareMemory spare_memory;
    status::NetFigures& figures;
    status::ConnectionTable table;
    /// When what is being done now began, for latencies: read once for all that comes together, or leaves together.
    uint64_t event_ns = 0;
    /// Every socket is read into this one; what is not a large frame's rest is copied out at once.
    std::array<char, 64 * 1024> read_buffer;
    /// Called once for each connection as it closes: whoever lists it forgets it. Must not throw.
    std::function<void(Connection&)> connection_closing;
};

} // namespace kafka::net
