// See retention.h.
#include "log/retention.h"

#include <algorithm>

namespace kafka::log {
namespace {

/// What one segment holds of one partition.
struct Part {
    int64_t next_offset; ///< after its last record
    int64_t newest_ms;   ///< the largest timestamp; when the segment was made if no record has one
    int64_t bytes;
    bool closed;
};

int64_t at(const std::vector<int64_t>& by_partition, int32_t index, int64_t otherwise) {
    return size_t(index) < by_partition.size() ? by_partition[size_t(index)] : otherwise;
}

/// What can be read of the partition, oldest first, but for segments that hold nothing of it.
std::vector<Part> parts(const Topic& topic, const Partition& partition) {
    std::vector<Part> found;
    for (size_t i = 0; i < topic.segments.size(); i++) {
        const Segment& s = topic.segments[i];
        const bool last = i + 1 == topic.segments.size();
        const int64_t next =
            last ? partition.high_watermark : topic.segments[i + 1].start_offset(partition.index);
        if (next <= std::max(partition.log_start_offset, s.start_offset(partition.index))) continue;
        const int64_t newest =
            s.closed() ? at(s.max_timestamps, partition.index, -1) : partition.max_timestamp;
        const int64_t bytes = s.closed() ? at(s.partition_bytes, partition.index, 0) : partition.bytes;
        found.push_back({next, newest < 0 ? s.created_ms : newest, bytes, s.closed()});
    }
    return found;
}

size_t too_old(const std::vector<Part>& parts, int64_t retention_ms, int64_t now_ms) {
    if (retention_ms < 0) return 0;
    const auto kept = std::find_if(parts.begin(), parts.end(),
                                   [&](const Part& part) { return now_ms - part.newest_ms <= retention_ms; });
    return size_t(kept - parts.begin());
}

/// As many of the oldest as can go while retention.bytes are left. Not what is in the open segment.
size_t too_many(const std::vector<Part>& parts, int64_t retention_bytes) {
    if (retention_bytes < 0) return 0;
    int64_t excess = -retention_bytes;
    for (const Part& part : parts) excess += part.bytes;
    size_t expired = 0;
    while (expired < parts.size() && parts[expired].closed && excess >= parts[expired].bytes)
        excess -= parts[expired++].bytes;
    return expired;
}

} // namespace

std::vector<int64_t> log_starts_by_retention(const Topic& topic, int64_t now_ms) {
    std::vector<int64_t> starts;
    for (const Partition& p : topic.partitions) {
        starts.push_back(p.log_start_offset);
        if (!topic.config.deletes) continue;
        const std::vector<Part> of_partition = parts(topic, p);
        const size_t expired = std::max(too_old(of_partition, topic.config.retention_ms, now_ms),
                                        too_many(of_partition, topic.config.retention_bytes));
        if (expired > 0) starts.back() = of_partition[expired - 1].next_offset;
    }
    return starts;
}

bool open_segment_is_used_up(const Topic& topic, const std::vector<int64_t>& log_start_offsets) {
    if (topic.segments.empty() || topic.segments.back().closed() || topic.segments.back().bytes == 0)
        return false;
    return std::all_of(topic.partitions.begin(), topic.partitions.end(), [&](const Partition& p) {
        return at(log_start_offsets, p.index, 0) >= p.high_watermark;
    });
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
