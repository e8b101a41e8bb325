// Producers that cost almost nothing, see raw_load.h.
#pragma once
#include "batches.h"
#include "raw_load.h"

namespace bench {

struct Load {
    BatchKind batch{};
    int partitions = 1; ///< connections take turns with them
    int connections = 1;
    int in_flight = 5; ///< requests of one connection that wait for their response
    bool idempotent = false;
};

struct Produced : Answered {
    double megabytes_per_second(const Load& load) const {
        return requests_per_second() * double(load.batch.payload_bytes()) / 1e6;
    }
};

/// For RawClient::check.
void check_produced(View response);

/// Produces as fast as the broker answers. A fifth of the time comes on top, before, and does not count.
Produced produce_for(const std::string& bootstrap, const std::string& topic, const Load& load,
                     double seconds);

/// Produces at least so many bytes of payload, for at most so many seconds; returns the number of records.
int64_t produce_bytes(const std::string& bootstrap, const std::string& topic, const Load& load, size_t bytes,
                      double seconds_at_most);

} // namespace bench
