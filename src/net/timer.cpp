// A libuv timer that calls a function. See timer.h.
#include "net/timer.h"

#include <algorithm>

namespace kafka::net {

Timer::Timer(uv_loop_t& loop, std::function<void()> expired) : expired_(std::move(expired)) {
    uv_timer_init(&loop, &handle_);
    handle_.data = this;
}

void Timer::start(std::chrono::milliseconds delay) {
    const auto expired = [](uv_timer_t* timer) { static_cast<Timer*>(timer->data)->expired_(); };
    uv_timer_start(&handle_, expired, uint64_t(std::max<int64_t>(delay.count(), 0)), 0);
}

void Timer::close() {
    uv_handle_t* handle = reinterpret_cast<uv_handle_t*>(&handle_);
    if (!uv_is_closing(handle)) uv_close(handle, nullptr);
}

} // namespace kafka::net
