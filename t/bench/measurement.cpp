// See measurement.h.
#include "measurement.h"

#include "statistics.h"

namespace bench {

std::optional<double> Series::median_of(size_t place) const {
    std::vector<double> values;
    for (const Values& round : rounds_)
        if (place < round.size() && round[place]) values.push_back(*round[place]);
    if (failed_ || values.empty()) return std::nullopt;
    return median(values);
}

} // namespace bench
