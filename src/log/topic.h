// What the broker knows of a topic: its partitions and the segments that hold their batches. Main thread
// only; a cache of the tables, changed only after the commit that makes the change durable.
#pragma once
#include "log/aborted.h"
#include "log/producers.h"
#include "log/tail_cache.h"
#include "log/topic_config.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kafka::log {

/// One table of a topic's batches, for a span of time or size; all partitions share it.
struct Segment {
    int64_t id = 0;                     ///< names the table: kafka.segment_<id>
    std::vector<int64_t> start_offsets; ///< by partition: the next offset when the segment was made
    std::vector<int64_t>
        max_timestamps;     ///< by partition, once the segment is closed; -1: no record. Empty while open
    int64_t created_ms = 0; ///< wall clock, for segment.ms
    int64_t bytes = 0;      ///< of its batches
    std::vector<int64_t> partition_bytes =
        {}; ///< the same by partition, once the segment is closed. Empty while open

    bool closed() const { return !max_timestamps.empty(); }
    /// Whether it may have batches of that partition: compaction can leave a closed one without any.
    bool may_hold(int32_t partition) const {
        const size_t index = size_t(partition);
        return partition_bytes.empty() || (index < partition_bytes.size() && partition_bytes[index] > 0);
    }
    /// The first offset of that partition that this segment can hold (0 for partitions added later).
    int64_t start_offset(int32_t partition) const {
        return size_t(partition) < start_offsets.size() ? start_offsets[size_t(partition)] : 0;
    }
};

/// The durable and the assigned end of one partition.
struct Partition {
    int32_t index = 0;
    int64_t log_start_offset = 0;
    int64_t high_watermark = 0; ///< next offset after the last durable record: what consumers may read up to
    int64_t staged_end_offset =
        0;                      ///< next offset to assign in this turn; equals high_watermark between turns
    int64_t max_timestamp = -1; ///< largest durable timestamp of this partition in the open segment; -1: none
    int64_t staged_max_timestamp = -1;                     ///< the same with this turn's batches
    int64_t bytes = 0;                                     ///< of its durable batches in the open segment
    int64_t staged_bytes = 0;                              ///< the same with this turn's batches
    Producers producers;                                   ///< with this turn's batches
    AbortedStretch aborted_lately{{}, 0, INT64_MAX};       ///< which transactions were aborted at its end
    AbortedStretch aborted_read;                           ///< and where a reader was the last time
    std::shared_ptr<Tail> tail = std::make_shared<Tail>(); ///< the newest batches, in memory
};

/// A topic with everything that requests about it need.
struct Topic {
    wire::Uuid id{};
    std::string name;
    uint64_t number = 0; ///< in the order in which the broker got to know its topics
    ConfigOverrides overrides;
    TopicConfig config;
    bool has_been_compacted = false; ///< or may have been, since the topic was loaded
    std::vector<Partition> partitions;
    std::vector<Segment> segments; ///< oldest first; at most the last one is open
    bool opened = false;           ///< segments and ends have been read; done on first touch
    bool producers_read = false;   ///< the same of what is known of producers and aborted transactions
    int64_t staged_segment_bytes =
        -1; ///< of the open segment with this turn's batches; -1: there is no open segment
    size_t batches_after_snapshot = 0; ///< of the producers; durable ones
    size_t bytes_after_snapshot = 0;   ///< of these batches
    size_t snapshot_not_before = 0;    ///< of so many batches

    Partition* partition(int32_t index) {
        return index >= 0 && size_t(index) < partitions.size() ? &partitions[size_t(index)] : nullptr;
    }
    const Partition* partition(int32_t index) const { return const_cast<Topic*>(this)->partition(index); }

    Segment* open_segment() {
        return segments.empty() || segments.back().closed() ? nullptr : &segments.back();
    }

    /// Index into `segments` of the first that may hold this offset of the partition, or a later one; segments.size() if
    /// there is none.
    size_t segment_holding(int32_t partition, int64_t offset) const {
        size_t at = segments.size();
        while (at > 0 && segments[at - 1].start_offset(partition) > offset) at--;
        if (at > 0) at--;
        while (at < segments.size() && !segments[at].may_hold(partition)) at++;
        return at;
    }
};

} // namespace kafka::log
