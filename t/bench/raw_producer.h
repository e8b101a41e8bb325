// Producers that cost almost nothing, so that the broker is measured: requests are encoded once and sent
// again and again over plain sockets, all from one thread.
#pragma once
#include "batches.h"

#include <vector>

namespace bench {

struct Load {
    BatchKind batch{};
    int partitions = 1; ///< connections take turns with them
    int connections = 1;
    int in_flight = 5; ///< requests of one connection that wait for their response
};

struct Produced {
    double seconds = 0;
    size_t requests = 0;
    std::vector<double> latencies{}; ///< seconds from the first byte sent to the response, each request

    double requests_per_second() const { return double(requests) / seconds; }
    double megabytes_per_second(const Load& load) const {
        return requests_per_second() * double(load.batch.payload_bytes()) / 1e6;
    }
};

/// Produces as fast as the broker answers. A fifth of the time comes on top, before, and does not count.
Produced produce_for(const std::string& bootstrap, const std::string& topic, const Load& load,
                     double seconds);

/// Produces at least so many bytes of payload, for at most so many seconds; returns the number of records.
int64_t produce_bytes(const std::string& bootstrap, const std::string& topic, const Load& load, size_t bytes,
                      double seconds_at_most);

} // namespace bench
