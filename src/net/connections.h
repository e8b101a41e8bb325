// All connections of the net thread: accepts up to the limit, finds the one that a reply is for. Net thread.
#pragma once
#include "net/connection.h"
#include "net/context.h"

#include <atomic>
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
    size_t count() const { return count_; }
    /// How many were ever accepted within the limit; any thread.
    uint64_t accepted() const { return accepted_; }

    /// Called whenever the last one has closed. Must not throw.
    std::function<void()> all_closed;

private:
    void forget(Connection& connection) noexcept;
    void refuse(int socket) noexcept;
    Connection* add() noexcept;

    Context& context_;
    std::unordered_map<uint64_t, Connection*> open_;
    std::atomic<size_t> count_ = 0;
    std::atomic<uint64_t> accepted_ = 0; // also the id of the last connection
};

} // namespace kafka::net
