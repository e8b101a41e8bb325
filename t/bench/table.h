// The result: one Markdown table.
#pragma once
#include "measurement.h"

namespace bench {

/// The columns of Kafka only if it was measured.
void print_table(const std::vector<Measurement>& measurements, bool with_kafka);

} // namespace bench
