// One listening socket. See listen_socket.h.
// It polls and accepts by itself rather than through uv_listen(), which answers a lack of file descriptors by
// accepting and dropping clients, and does not say so.
#include "net/listen_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace kafka::net {
namespace {

constexpr int backlog = 1024;       // the kernel lowers it to net.core.somaxconn
constexpr int accepts_at_once = 64; // then connections that are open already have their turn

bool listen_on(int socket, const SocketAddress& address) {
    const int on = 1;
    if (setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return false;
    // 0.0.0.0 and :: are two sockets that do not get in each other's way.
    if (address.family() == AF_INET6 && setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
        return false;
    return bind(socket, address.get(), address.length()) == 0 && listen(socket, backlog) == 0;
}

SocketAddress bound_address(int socket) {
    SocketAddress address;
    socklen_t length = sizeof address.storage;
    getsockname(socket, reinterpret_cast<sockaddr*>(&address.storage), &length);
    return address;
}

bool is_client_gone(int error) {
    return error == ECONNABORTED || error == EINTR || error == EPROTO || error == EPERM;
}

} // namespace

ListenSocket::Opened ListenSocket::open(uv_loop_t& loop, const SocketAddress& address, Notices& notices,
                                        Callbacks callbacks) {
    const int socket = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) return {nullptr, errno};
    if (!listen_on(socket, address)) {
        const int error = errno;
        ::close(socket);
        return {nullptr, error};
    }
    auto opened = new ListenSocket(socket, notices, std::move(callbacks));
    if (const int error = uv_poll_init(&loop, &opened->poll_, socket); error != 0) {
        delete opened;
        ::close(socket);
        return {nullptr, -error};
    }
    opened->poll_.data = opened;
    opened->address_ = bound_address(socket);
    opened->resume();
    return {Pointer(opened), 0};
}

void ListenSocket::resume() {
    paused_ = false;
    uv_poll_start(&poll_, UV_READABLE,
                  [](uv_poll_t* poll, int, int) { static_cast<ListenSocket*>(poll->data)->accept_some(); });
}

void ListenSocket::accept_some() {
    for (int i = 0; i < accepts_at_once; i++) {
        const int client = accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0) {
            reported_ = false;
            callbacks_.accepted(client);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) return;
        if (!is_client_gone(errno)) return pause(errno);
    }
}

void ListenSocket::pause(int error) {
    uv_poll_stop(&poll_);
    paused_ = true;
    callbacks_.paused();
    if (reported_) return;
    reported_ = true;
    notices_.post(Notice::Level::warning, "could not accept a Kafka client",
                  uv_strerror(uv_translate_sys_error(error)),
                  "Raise the limit of open files, or lower pg_kafka.max_connections. Retrying every second.");
}

// The address is free at once; the object goes when the loop lets go of its handle.
void ListenSocket::close() {
    uv_poll_stop(&poll_);
    const auto free = [](uv_handle_t* handle) { delete static_cast<ListenSocket*>(handle->data); };
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_), free);
    ::close(socket_);
}

} // namespace kafka::net
