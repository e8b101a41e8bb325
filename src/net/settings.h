// What the net thread has to know of the settings: a value that is handed over whole and never changed in
// place.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace kafka::net {

struct Settings {
    std::vector<std::string> hosts;        ///< where to listen: names, addresses, or `*` for every address
    uint16_t port = 9092;                  ///< 0: any free port, see Server::port()
    int max_connections = 10000;           ///< further clients are disconnected at once
    int64_t max_request_bytes = 100 << 20; ///< largest size field accepted (socket.request.max.bytes)
    int64_t request_memory = 256 << 20;    ///< bytes of requests held at once (queued.max.request.bytes)
    std::chrono::milliseconds connections_max_idle{600'000}; ///< 0 or less: never closed for being idle
    /// While request memory is used up: how long a client may keep still in the middle of a request. While response memory is:
    /// how long it may take nothing of an answer.
    std::chrono::milliseconds max_stall{10'000};
    bool log_connections = false; ///< a notice for each connection and disconnection
    bool serving = true;          ///< false: nothing listens and every client is disconnected
    bool operator==(const Settings&) const = default;
};

} // namespace kafka::net
