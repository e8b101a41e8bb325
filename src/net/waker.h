// Wakes the net thread's loop from any thread, for as long as that loop lives.
#pragma once
#include <uv.h>

#include <mutex>

namespace kafka::net {

/// Outlives the loop: frames that are kept after the server has stopped still refer to it, and then wake
/// nobody.
class Waker {
public:
    void attach(uv_async_t* async) {
        const std::lock_guard lock(mutex_);
        async_ = async;
    }
    void detach() { attach(nullptr); }
    void wake() {
        const std::lock_guard lock(mutex_);
        if (async_) uv_async_send(async_);
    }

private:
    std::mutex mutex_;
    uv_async_t* async_ = nullptr;
};

} // namespace kafka::net
