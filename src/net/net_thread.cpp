// The net thread. See net_thread.h.
#include "net/net_thread.h"

#include <algorithm>
#include <system_error>

namespace kafka::net {
namespace {

void check(int error, const char* what) {
    if (error != 0) throw std::system_error(-error, std::generic_category(), what);
}

/// The one that was given, whose owner is somebody else, or a new one.
std::shared_ptr<status::Board> given_or_new(status::Board* given) {
    return given ? std::shared_ptr<status::Board>(std::shared_ptr<void>(), given)
                 : std::make_shared<status::Board>();
}

} // namespace

NetThread::Loop::Loop(NetThread& owner) {
    check(uv_loop_init(&loop), "could not create an event loop");
    const auto on_wakeup = [](uv_async_t* async) { static_cast<NetThread*>(async->data)->woken(); };
    if (const int error = uv_async_init(&loop, &wakeup, on_wakeup); error != 0) {
        uv_loop_close(&loop);
        check(error, "could not create a wake-up for an event loop");
    }
    wakeup.data = &owner;
    waker->attach(&wakeup);
}

NetThread::NetThread(Settings settings, Callbacks callbacks, status::Board* board)
    : board_(given_or_new(board)), loop_(*this),
      context_(loop_.loop, std::move(settings), std::move(callbacks), loop_.waker, board_),
      connections_(context_), listeners_(loop_.loop, context_.notices, context_.figures.listening,
                                         [this](int socket) { connections_.accept(socket); }),
      stop_timer_(loop_.loop, [this] { connections_.close_all("the server shuts down"); }) {}

NetThread::~NetThread() {
    begin_stop(std::chrono::milliseconds(0));
    uv_run(&loop_.loop, UV_RUN_DEFAULT);
}

void NetThread::run() noexcept {
    listeners_.apply(context_.settings);
    uv_run(&loop_.loop, UV_RUN_DEFAULT);
}

void NetThread::post(std::vector<Reply>&& replies) {
    if (replies_.post(std::move(replies))) loop_.waker->wake();
}

void NetThread::post(Settings&& settings) {
    if (settings_.post(std::move(settings))) loop_.waker->wake();
}

void NetThread::request_stop(std::chrono::milliseconds timeout) {
    stop_timeout_ = std::max<int64_t>(timeout.count(), 0);
    loop_.waker->wake();
}

Stats NetThread::stats() const {
    return {connections_.count(), connections_.accepted(), context_.gate.budget()->used()};
}

// One wake-up may stand for several things: each is looked for. Replies come first, so that they still leave
// before a change of settings or a stop that was posted after them.
void NetThread::woken() noexcept {
    connections_.deliver(replies_.take());
    std::vector<Settings> settings = settings_.take();
    if (!settings.empty() && !stopping_) apply(std::move(settings.back()));
    context_.gate.memory_released();
    const int64_t stop_timeout = stop_timeout_;
    if (stop_timeout >= 0) begin_stop(std::chrono::milliseconds(stop_timeout));
}

void NetThread::apply(Settings&& settings) noexcept {
    context_.settings = std::move(settings);
    context_.gate.set_limits(context_.settings.request_memory, context_.settings.max_stall);
    context_.slow_readers.set_max_stall(context_.settings.max_stall);
    context_.idle_clock.set_max_idle(context_.settings.connections_max_idle);
    listeners_.apply(context_.settings);
    if (!context_.settings.serving) connections_.close_all("the server does not serve at present");
}

void NetThread::begin_stop(std::chrono::milliseconds timeout) noexcept {
    if (stopping_) return;
    stopping_ = true;
    listeners_.close();
    connections_.finish_all();
    if (connections_.empty()) return close_handles();
    connections_.all_closed = [this] { close_handles(); };
    stop_timer_.start(timeout);
}

// With its last handle gone the loop ends.
void NetThread::close_handles() noexcept {
    stop_timer_.close();
    context_.notices.close();
    context_.gate.close();
    context_.idle_clock.close();
    context_.slow_readers.close();
    context_.spare_memory.close();
    loop_.waker->detach();
    uv_close(reinterpret_cast<uv_handle_t*>(&loop_.wakeup), nullptr);
}

} // namespace kafka::net
