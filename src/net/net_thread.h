// The net thread: its event loop, and the mailboxes through which other threads reach it.
#pragma once
#include "net/connections.h"
#include "net/context.h"
#include "net/listeners.h"
#include "net/mailbox.h"
#include "net/server.h"
#include "net/waker.h"

#include <uv.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

namespace kafka::net {

class NetThread {
public:
    /// Throws std::system_error if there can be no event loop.
    NetThread(Settings settings, Callbacks callbacks, status::Board* board);
    ~NetThread();
    NetThread(const NetThread&) = delete;
    NetThread& operator=(const NetThread&) = delete;

    /// The body of the thread: returns after request_stop(), once everything is closed.
    void run() noexcept;

    // From other threads; without effect once the loop has ended.
    void post(std::vector<Reply>&& replies);
    void post(Settings&& settings);
    void request_stop(std::chrono::milliseconds timeout);
    uint16_t port() const { return listeners_.port(); }
    Stats stats() const;

private:
    /// Owns the loop and its wake-up; made before and destroyed after everything that has handles in it.
    struct Loop {
        explicit Loop(NetThread& owner);
        ~Loop() { uv_loop_close(&loop); }
        Loop(const Loop&) = delete;
        Loop& operator=(const Loop&) = delete;
        uv_loop_t loop{};
        uv_async_t wakeup{};
        std::shared_ptr<Waker> waker = std::make_shared<Waker>();
    };

    void woken() noexcept;
    void apply(Settings&& settings) noexcept;
    void begin_stop(std::chrono::milliseconds timeout) noexcept;
    void close_handles() noexcept;

    Mailbox<Reply> replies_;
    Mailbox<Settings> settings_;
    std::atomic<int64_t> stop_timeout_ = -1; // milliseconds; negative until a stop was asked for
    const std::shared_ptr<status::Board> board_;
    Loop loop_;
    Context context_;
    Connections connections_;
    Listeners listeners_;
    Timer stop_timer_;
    bool stopping_ = false;
};

} // namespace kafka::net
