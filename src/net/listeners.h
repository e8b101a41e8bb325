// The listening sockets that the settings ask for, and their upkeep: what cannot be had now is tried every
// second. Net thread.
#pragma once
#include "net/listen_socket.h"
#include "net/resolver.h"
#include "net/settings.h"
#include "net/timer.h"
#include "status/counter.h"

#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace kafka::net {

class Listeners {
public:
    /// `accepted` is given each client's socket; it must not throw. `listening` is kept at the number of sockets.
    Listeners(uv_loop_t& loop, Notices& notices, status::Counter& listening,
              std::function<void(int)> accepted);

    /// Listens where these settings say and nowhere else. Sockets that are wanted still are not touched.
    void apply(const Settings& settings) noexcept;
    void close() noexcept;
    /// The port of the first socket, or 0 while nothing listens; any thread.
    uint16_t port() const { return bound_port_; }

private:
    struct Listener {
        std::string host;
        ListenSocket::Pointer socket;
    };
    /// An address, without a port, and the host of the settings that it stands for.
    struct Wanted {
        std::string host;
        SocketAddress address;
    };
    struct Failure {
        std::string host;
        Notice notice;
        bool excusable = false; ///< of no interest if the same host has another address that works
    };
    using Resolved = std::vector<Resolver::Resolved>;

    void refresh() noexcept;
    void try_again_soon() noexcept;
    void reconcile(const Resolved& hosts) noexcept;
    void close_unwanted(const Resolved& hosts, const std::vector<Wanted>& wanted);
    void open_one(const Wanted& wanted, std::vector<Failure>& failures);
    static Failure unresolved(const Resolver::Resolved& host);
    void report(std::vector<Failure> failures);
    bool listens_on(const SocketAddress& address) const;
    bool listens_for(const std::string& host) const;
    void show() noexcept;
    void retry() noexcept;

    uv_loop_t& loop_;
    Notices& notices_;
    status::Counter& listening_;
    const std::function<void(int)> accepted_;
    Resolver resolver_;
    Timer retry_;
    std::vector<std::string> hosts_;
    uint16_t port_ = 0; // as set: 0 for any
    std::vector<Listener> listeners_;
    bool incomplete_ = false;        // some host or address failed
    std::set<std::string> reported_; // failures that were reported and still last
    std::atomic<uint16_t> bound_port_ = 0;
};

} // namespace kafka::net
