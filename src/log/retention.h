// Which of a topic's records are to go: by retention.ms and retention.bytes, and what lies below the log start offsets. Pure; looked
// at by the main thread.
//
// Partitions share segments, and a segment's table goes as a whole: once all partitions have moved their log start offsets past it.
#pragma once
#include "log/topic.h"

namespace kafka::log {

/// By partition: where the log is to start by retention.ms and retention.bytes; where it does start if nothing is to go. As in Kafka
/// each partition has its own retention, and of its records those of a segment go together.
std::vector<int64_t> log_starts_by_retention(const Topic& topic, int64_t now_ms);

/// Whether no partition has anything left in the open segment, which holds something, if they start there.
bool open_segment_is_used_up(const Topic& topic, const std::vector<int64_t>& log_start_offsets);

/// How many of the oldest segments lie below the log start offsets of all partitions. The last segment always stays: it says where
/// the partitions end.
size_t unreadable_segments(const Topic& topic);

} // namespace kafka::log
