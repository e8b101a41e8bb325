// Timestamps of Kafka (milliseconds since 1970) and of Postgres (microseconds since 2000). Uses no more
// of the server than its types.
#pragma once
#include <chrono>
#include <cstdint>

#include "pg/guard.h"

extern "C" {
#include "datatype/timestamp.h"
#include "utils/timestamp.h"
}

namespace kafka::sql {

constexpr int64_t microseconds_per_millisecond = 1000;
constexpr int64_t milliseconds_to_2000 =
    int64_t(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * 1000; ///< from 1970

inline int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// A record's timestamp; those that Postgres cannot show are infinite.
inline TimestampTz to_timestamptz(int64_t milliseconds) {
    int64_t shifted, microseconds;
    const bool overflows = __builtin_sub_overflow(milliseconds, milliseconds_to_2000, &shifted) ||
                           __builtin_mul_overflow(shifted, microseconds_per_millisecond, &microseconds);
    if (!overflows && IS_VALID_TIMESTAMP(microseconds)) return microseconds;
    return milliseconds < 0 ? DT_NOBEGIN : DT_NOEND;
}

/// The largest number of milliseconds such that all records from this time on have at least it.
inline int64_t to_milliseconds(TimestampTz time) {
    if (TIMESTAMP_IS_NOBEGIN(time)) return INT64_MIN;
    if (TIMESTAMP_IS_NOEND(time)) time = END_TIMESTAMP - 1;
    const int64_t rounded_down =
        (time - (time < 0 ? microseconds_per_millisecond - 1 : 0)) / microseconds_per_millisecond;
    return rounded_down + milliseconds_to_2000;
}

} // namespace kafka::sql
