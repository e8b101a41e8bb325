// What comes before the first figure.
#pragma once
#include "options.h"

namespace bench {

/// Brings the brokers to their stride, and lets PostgreSQL write all the WAL that it keeps: into a new file
/// it writes at a fraction of the rate at which it writes into one that is used again.
void warm_up(const Options& options);

} // namespace bench
