// The network server as the main thread sees it. See server.h.
#include "net/server.h"

#include "net/net_thread.h"

#include <csignal>

namespace kafka::net {
namespace {

/// Threads inherit the mask of their creator: signals are for the main thread alone.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before_;
};

} // namespace

Server::Server(Settings settings, Callbacks callbacks, status::Board* board)
    : net_(std::make_unique<NetThread>(std::move(settings), std::move(callbacks), board)) {}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

void Server::start() {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { net_->run(); });
}

void Server::reply(std::vector<Reply>&& replies) { net_->post(std::move(replies)); }

void Server::apply(Settings settings) { net_->post(std::move(settings)); }

void Server::stop(std::chrono::milliseconds timeout) {
    if (!thread_.joinable()) return;
    net_->request_stop(timeout);
    thread_.join();
}

uint16_t Server::port() const { return net_->port(); }

Stats Server::stats() const { return net_->stats(); }

} // namespace kafka::net
