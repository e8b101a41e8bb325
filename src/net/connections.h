// All connections of the net thread: accepts up to the limit, finds the one that a reply is for. Net thread.
#pragma once
#include "net/connection.h"
#include "net/context.h"

#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kafka::net {

class Connections {
public:
    explicit Connections(Context& context);

    /// Takes over an accepted socket, or closes it if there are connections enough.
    void accept(int socket) noexcept;
    /// Gives each reply to its connection and sends what can be sent, in one write for each connection.
    /// Replies to connections that are gone are dropped.
    void deliver(std::vector<Reply>&& replies) noexcept;
    /// Closes all at once.
    void close_all(std::string_view reason) noexcept;
    /// Handles no further request; each closes once the answers that are there have been sent.
    void finish_all() noexcept;
    bool empty() const { return open_.empty(); }
    /// How many are open; any thread.
    size_t count() const { return context_.figures.connections.get(); }
    /// How many were ever accepted within the limit; any thread.
    uint64_t accepted() const { return context_.figures.accepted.get(); }

    /// Called whenever the last one has closed. Must not throw.
    std::function<void()> all_closed;

private:
    void forget(Connection& connection) noexcept;
    void refuse(int socket) noexcept;
    Connection* add() noexcept;

    Context& context_;
    std::unordered_map<uint64_t, Connection*> open_;
    uint64_t last_id_ = 0; // of a connection
};

} // namespace kafka::net
