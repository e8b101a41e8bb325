// What groups cost a broker on this machine while nobody uses them.
#pragma once
#include "start.h"

#include <optional>
#include <string>

namespace bench {

struct IdleGroups {
    std::optional<double> mebibytes;   ///< that the process has grown by
    std::optional<double> cpu_percent; ///< of a core
    double produces, produces_before;  ///< requests/s of synchronous producers, with the groups and without
    std::optional<double> start;       ///< seconds from the start until a group's offset is answered
    std::optional<double> mebibytes_after_start;
};

/// So many groups without members, each with a committed offset.
IdleGroups cost_of_idle_groups(const std::string& bootstrap, const Commands& commands, int groups,
                               double seconds);

} // namespace bench
