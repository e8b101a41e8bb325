// Lines for the server log, on their way from the net thread to the main thread.
#pragma once
#include "net/messages.h"
#include "net/timer.h"

#include <functional>
#include <string>

namespace kafka::net {

/// Net thread. Nothing here throws: a line that cannot be delivered is dropped.
class Notices {
public:
    Notices(uv_loop_t& loop, std::function<void(Notice&&)> deliver);

    /// Delivers a line.
    void post(Notice::Level level, std::string message, std::string detail = {},
              std::string hint = {}) noexcept;
    /// Delivers a line about a misbehaving client. Whoever connects can cause these, so that in each second
    /// only the first few are delivered and the others are counted in one line.
    void complain(std::string message, std::string detail, std::string hint = {}) noexcept;
    /// No line is delivered any more.
    void close();

private:
    void end_second() noexcept;

    const std::function<void(Notice&&)> deliver_;
    int complaints_ = 0; // in the current second
    Timer second_;       // runs from the first complaint
};

} // namespace kafka::net
