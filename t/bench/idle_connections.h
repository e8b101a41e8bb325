// What connections cost a broker on this machine while nobody uses them.
#pragma once
#include <optional>
#include <string>

namespace bench {

struct IdleCost {
    std::optional<double> mebibytes;   ///< that the process has grown by
    std::optional<double> cpu_percent; ///< of a core
};

/// Opens so many, each with a request that is answered, and lets them be for that time. Throws if the broker does not have so
/// many.
IdleCost cost_of_idle_connections(const std::string& bootstrap, int connections, double seconds);

} // namespace bench
