// The topic's policies on a batch that passed check(). The summary decides; records are read again only to
// name those at fault.
#include "record/check.h"
#include "record/records.h"

namespace kafka::record {
namespace {

using wire::ErrorCode;
using wire::View;

/// The CreateTimes that a topic accepts, in ms since 1970, both ends included.
struct Window {
    int64_t from, to;
    bool has(int64_t timestamp) const {
        return timestamp == no_timestamp || (from <= timestamp && timestamp <= to);
    }
};

int64_t saturating_sum(int64_t a, int64_t b) {
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return a < 0 ? INT64_MIN : INT64_MAX;
}

Window window_of(const Limits& limits) {
    if (limits.log_append_time) return {INT64_MIN, INT64_MAX};
    return {saturating_sum(limits.now_ms, -limits.timestamp_before_max_ms),
            saturating_sum(limits.now_ms, limits.timestamp_after_max_ms)};
}

Violation too_large(ErrorCode error, size_t size, const char* what, int64_t limit) {
    return {error,
            "The record batch has " + std::to_string(size) + " bytes, more than " + what +
                " allows: " + std::to_string(limit),
            {}};
}

std::string outside(int64_t timestamp, const Window& window) {
    return "Timestamp " + std::to_string(timestamp) + " is not within " + std::to_string(window.from) +
           " to " + std::to_string(window.to);
}

/// Records at fault are not looked for in a batch that unpacks to more: this is the main thread's time.
constexpr size_t max_bytes_searched = 1 << 20;

struct Faults {
    std::vector<RecordError> records = {}; ///< the first ones
    bool late = false;                     ///< some record has a timestamp outside the window
    bool full() const { return records.size() >= max_record_errors; }
};

/// Names the records at fault. Where the key is missing the timestamp is not looked at, as in Kafka.
Faults find_faults(View batch, const Window& window, bool compacted) {
    Faults faults;
    RecordReader reader(batch, max_bytes_searched);
    Record record;
    for (int32_t index = 0; reader.next(record); index++) {
        const bool keyless = compacted && !record.key;
        const bool late = !keyless && !window.has(record.timestamp);
        faults.late |= late;
        if (keyless && !faults.full())
            faults.records.push_back({index, "A compacted topic takes no record without key"});
        if (late && !faults.full()) faults.records.push_back({index, outside(record.timestamp, window)});
    }
    return faults;
}

/// What is wrong with single records. A timestamp outside the window decides the code, also beside missing
/// keys.
std::optional<Violation> violates_by_record(const Checked& checked, const Limits& limits, View batch) {
    const Window window = window_of(limits);
    const bool late = !window.has(checked.max_timestamp) || !window.has(checked.min_timestamp);
    const bool keyless = limits.compacted && checked.first_null_key >= 0;
    if (!late && !keyless) return std::nullopt;
    Faults faults{.late = late};
    if (checked.decompressed_size <= max_bytes_searched)
        faults = find_faults(batch, window, limits.compacted);
    if (faults.late)
        return Violation{ErrorCode::invalid_timestamp,
                         "Records have timestamps outside the range that the topic accepts",
                         std::move(faults.records)};
    return Violation{ErrorCode::invalid_record, "Records without key cannot be written to a compacted topic",
                     std::move(faults.records)};
}

} // namespace

std::optional<Violation> violates(const Checked& checked, const Limits& limits, View batch) {
    const size_t size = std::max(checked.size, batch.size());
    if (int64_t(size) > limits.max_message_bytes)
        return too_large(ErrorCode::message_too_large, size, "max.message.bytes", limits.max_message_bytes);
    if (auto violation = violates_by_record(checked, limits, batch)) return violation;
    if (int64_t(size) > limits.segment_bytes)
        return too_large(ErrorCode::record_list_too_large, size, "segment.bytes", limits.segment_bytes);
    return std::nullopt;
}

} // namespace kafka::record
