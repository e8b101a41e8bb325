// How long a record takes from its producer to a consumer that waits for it.
#pragma once
#include <string>
#include <vector>

namespace bench {

/// Seconds from before a record is sent until it has arrived, each record; one thread plays both clients.
/// `rate` is in records per second; 0: the next one when the last was acknowledged and has arrived. A fifth
/// of the time comes on top, before, and does not count.
std::vector<double> end_to_end(const std::string& bootstrap, const std::string& topic, size_t record_bytes,
                               double rate, double seconds);

} // namespace bench
