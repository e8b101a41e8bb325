// The network server as the main thread sees it: start, reply, change the settings, stop.
// All the work is done on a thread of its own, the net thread (net_thread.h).
#pragma once
#include "net/messages.h"
#include "net/settings.h"
#include "status/board.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace kafka::net {

class NetThread;

/// Figures for a status view.
struct Stats {
    size_t connections = 0;          ///< open now
    uint64_t accepted = 0;           ///< since the start
    int64_t request_memory_used = 0; ///< bytes of requests that are held now
};

class Server {
public:
    /// Writes its figures on `board`, which outlives it; without one, where nobody sees them.
    Server(Settings settings, Callbacks callbacks, status::Board* board = nullptr);
    /// Stops without waiting for clients.
    ~Server();

    /// Starts the net thread, with all signals blocked in it. Throws std::system_error. A port that cannot be
    /// had is no error: that is told by a Notice and tried again.
    void start();
    /// Sends replies. Any thread; after stop() without effect.
    void reply(std::vector<Reply>&& replies);
    /// New settings, which take effect at once: sockets are rebound only where their address changed. Any
    /// thread.
    void apply(Settings settings);
    /// Stops accepting and reading, sends the replies that were posted before, closes, and joins the thread.
    /// Clients that have not taken their replies after `timeout` are disconnected.
    void stop(std::chrono::milliseconds timeout);

    /// The port that is listened on, or 0 while there is none. Any thread.
    uint16_t port() const;
    Stats stats() const; ///< any thread

private:
    std::unique_ptr<NetThread> net_;
    std::thread thread_;
};

} // namespace kafka::net
