// All figures of the table, in its order.
#pragma once
#include "measurement.h"
#include "options.h"

namespace bench {

std::vector<Measurement> all_measurements(const Options& options);

} // namespace bench
