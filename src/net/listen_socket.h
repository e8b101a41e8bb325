// One listening socket: accepts clients as they come. Net thread.
#pragma once
#include "net/address.h"
#include "net/notices.h"

#include <uv.h>

#include <functional>
#include <memory>
#include <string>

namespace kafka::net {

class ListenSocket {
public:
    struct Deleter {
        void operator()(ListenSocket* socket) const { socket->close(); }
    };
    using Pointer = std::unique_ptr<ListenSocket, Deleter>;
    struct Opened {
        Pointer socket; ///< null if it failed
        int error = 0;  ///< then the errno
    };

    struct Callbacks {
        std::function<void(int)> accepted; ///< a client's socket, non-blocking; must not throw
        std::function<void()> paused;      ///< accepting had to stop: resume() it after a while
    };

    /// Binds and listens.
    static Opened open(uv_loop_t& loop, const SocketAddress& address, Notices& notices, Callbacks callbacks);

    /// The address that is bound, with the port that the kernel chose if it was asked to.
    const SocketAddress& address() const { return address_; }
    /// True if accepting had to stop for want of file descriptors or memory; clients then wait in the
    /// backlog.
    bool paused() const { return paused_; }
    void resume();

private:
    ListenSocket(int socket, Notices& notices, Callbacks callbacks)
        : socket_(socket), notices_(notices), callbacks_(std::move(callbacks)) {}

    void close();
    void accept_some();
    void pause(int error);

    const int socket_;
    Notices& notices_;
    const Callbacks callbacks_;
    uv_poll_t poll_{};
    SocketAddress address_;
    bool paused_ = false;
    bool reported_ = false; // that accepting fails, since it last worked
};

} // namespace kafka::net
