// What members cost a broker on this machine while nothing happens in their groups.
#pragma once
#include <optional>
#include <string>

namespace bench {

/// Percent of a core that the broker uses while so many members, of groups of 50, send a heartbeat in each interval, evenly spread.
std::optional<double> cpu_of_heartbeats(const std::string& bootstrap, int members, double interval,
                                        double seconds);

} // namespace bench
