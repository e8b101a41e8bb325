// A libuv timer that calls a function. Net thread.
#pragma once
#include <uv.h>

#include <chrono>
#include <functional>

namespace kafka::net {

/// Keeps the loop running while it is started. close() it, and let the loop run to its end, before it is
/// destroyed.
class Timer {
public:
    /// `expired` must not throw.
    Timer(uv_loop_t& loop, std::function<void()> expired);
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// Calls once, so long from now. A started timer is set anew.
    void start(std::chrono::milliseconds delay);
    void stop() { uv_timer_stop(&handle_); }
    bool started() const { return uv_is_active(reinterpret_cast<const uv_handle_t*>(&handle_)) != 0; }
    void close();

private:
    uv_timer_t handle_{};
    const std::function<void()> expired_;
};

} // namespace kafka::net
