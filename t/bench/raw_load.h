// Clients that cost almost nothing, so that the broker is measured: requests are encoded once and sent again and again over
// plain sockets, all from one thread.
#pragma once
#include "connection.h"

#include <functional>

namespace bench {

/// One connection, which sends these requests in turns.
struct RawClient {
    std::vector<std::string> requests;        ///< whole frames
    std::function<void(View response)> check; ///< throws if the response is not as it should be
    std::function<void(std::string& request)> prepare =
        nullptr; ///< changes a request before it is sent; none: nothing
};

struct Answered {
    double seconds = 0;
    size_t requests = 0;
    std::vector<double> latencies{}; ///< seconds from the first byte sent to the response, each request

    double requests_per_second() const { return double(requests) / seconds; }
};

/// Sends as fast as the broker answers, with so many requests of each connection waiting for their response. A fifth of the time
/// comes on top, before, and does not count. Throws if nothing is answered in the time.
Answered send_for(const std::string& bootstrap, std::vector<RawClient> clients, int in_flight,
                  double seconds);

/// The same until so many requests are answered, for at most so many seconds; returns how many were.
size_t send_requests(const std::string& bootstrap, std::vector<RawClient> clients, int in_flight,
                     size_t requests, double seconds_at_most);

} // namespace bench
