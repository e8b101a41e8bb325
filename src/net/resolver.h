// Turns the hosts of the settings into addresses to listen on. Net thread.
#pragma once
#include "net/address.h"

#include <uv.h>

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace kafka::net {

class Resolver {
public:
    struct Resolved {
        std::string host;
        std::vector<SocketAddress> addresses; ///< port 0; empty if the host could not be resolved
        std::string error;                    ///< then why
    };
    using Done = std::function<void(std::vector<Resolved>&&)>;

    explicit Resolver(uv_loop_t& loop) : loop_(loop) {}

    /// Resolves all hosts and calls `done` once, perhaps before this returns. A round that is still under way
    /// is given up: its `done` is not called any more. `done` must not throw.
    void resolve(const std::vector<std::string>& hosts, Done done);
    /// Gives up the round that is under way. A lookup that waits for a name server still keeps the loop
    /// running.
    void cancel();

private:
    /// One call of resolve().
    struct Round {
        std::vector<Resolved> results;
        size_t pending = 0;
        Done done; // empty once given up
    };
    /// One name on its way through a name server.
    struct Lookup {
        uv_getaddrinfo_t request{};
        Resolver* resolver = nullptr;
        std::shared_ptr<Round> round;
        Resolved* result = nullptr; // within the round
    };

    void look_up(const std::shared_ptr<Round>& round, Resolved& result);
    void found(Lookup& lookup, int status, const addrinfo* addresses);
    static void finish_if_complete(Round& round);

    uv_loop_t& loop_;
    std::shared_ptr<Round> current_;
    std::list<Lookup> lookups_;
};

} // namespace kafka::net
