// See retention.h.
#include "log/retention.h"

#include <algorithm>

namespace kafka::log {
namespace {

/// The largest timestamp in the segment; when it was made if it has no record with one.
int64_t newest_ms(const Topic& topic, const Segment& segment) {
    int64_t newest = -1;
    for (const int64_t timestamp : segment.max_timestamps) newest = std::max(newest, timestamp);
    if (!segment.closed())
        for (const Partition& p : topic.partitions) newest = std::max(newest, p.max_timestamp);
    return newest < 0 ? segment.created_ms : newest;
}

size_t too_old(const Topic& topic, int64_t now_ms) {
    const int64_t retention = topic.config.retention_ms;
    if (retention < 0) return 0;
    size_t expired = 0;
    while (expired < topic.segments.size()) {
        const Segment& segment = topic.segments[expired];
        const bool empty = !segment.closed() && segment.bytes == 0; // nothing of it can be too old
        if (empty || now_ms - newest_ms(topic, segment) <= retention) break;
        expired++;
    }
    return expired;
}

/// As many of the oldest as can go while retention.bytes are left for each partition. Not the open one.
size_t too_many(const Topic& topic) {
    if (topic.config.retention_bytes < 0) return 0;
    int64_t excess = 0;
    for (const Segment& segment : topic.segments) excess += segment.bytes;
    for (size_t i = 0; i < topic.partitions.size() && excess >= 0; i++)
        excess -= topic.config.retention_bytes;
    size_t expired = 0;
    while (expired < topic.segments.size() && topic.segments[expired].closed()) {
        excess -= topic.segments[expired].bytes;
        if (excess < 0) break;
        expired++;
    }
    return expired;
}

} // namespace

size_t expired_segments(const Topic& topic, int64_t now_ms) {
    return topic.config.deletes ? std::max(too_old(topic, now_ms), too_many(topic)) : 0;
}

std::vector<int64_t> log_starts_without(const Topic& topic, size_t segments) {
    const Segment* first = segments < topic.segments.size() ? &topic.segments[segments] : nullptr;
    std::vector<int64_t> starts;
    for (const Partition& p : topic.partitions)
        starts.push_back(std::max(p.log_start_offset, first ? first->start_offset(p.index) : 0));
    return starts;
}

size_t unreadable_segments(const Topic& topic) {
    const auto is_below = [&](const Segment& next) {
        return std::all_of(topic.partitions.begin(), topic.partitions.end(), [&](const Partition& p) {
            return next.start_offset(p.index) <= p.log_start_offset;
        });
    };
    size_t unreadable = 0;
    while (unreadable + 1 < topic.segments.size() && is_below(topic.segments[unreadable + 1])) unreadable++;
    return unreadable;
}

} // namespace kafka::log
