// What a broker on this machine keeps of producers that have written once.
#pragma once
#include "start.h"

#include <optional>
#include <string>

namespace bench {

struct IdleProducers {
    std::optional<double> mebibytes; ///< that the process has grown by, also by their records that it keeps
    std::optional<double>
        mebibytes_after_start; ///< that it has more after a start with them than after one without
    std::optional<double> start, start_without; ///< seconds until their partition is answered for
};

/// So many idempotent producers, each with one record in the same partition.
IdleProducers cost_of_idle_producers(const std::string& bootstrap, const Commands& commands, int producers);

} // namespace bench
