// Lines for the server log. See notices.h.
#include "net/notices.h"

namespace kafka::net {
namespace {

constexpr int complaints_per_second = 5;

} // namespace

Notices::Notices(uv_loop_t& loop, std::function<void(Notice&&)> deliver)
    : deliver_(std::move(deliver)), second_(loop, [this] { end_second(); }) {}

void Notices::post(Notice::Level level, std::string message, std::string detail, std::string hint) noexcept {
    try {
        deliver_({level, std::move(message), std::move(detail), std::move(hint)});
    } catch (...) { // the log is not worth a connection
    }
}

void Notices::complain(std::string message, std::string detail, std::string hint) noexcept {
    if (complaints_++ == 0) second_.start(std::chrono::seconds(1));
    if (complaints_ <= complaints_per_second)
        post(Notice::Level::log, std::move(message), std::move(detail), std::move(hint));
}

void Notices::end_second() noexcept {
    const int suppressed = complaints_ - complaints_per_second;
    complaints_ = 0;
    if (suppressed <= 0) return;
    try {
        post(Notice::Level::log,
             std::to_string(suppressed) + " more messages about Kafka clients were suppressed");
    } catch (const std::bad_alloc&) { // no memory for a line of text: it is not written
    }
}

void Notices::close() { second_.close(); }

} // namespace kafka::net
