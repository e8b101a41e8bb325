// Which of a topic's records are to go: by retention.ms and retention.bytes, and what lies below the log start offsets. Pure; looked
// at by the main thread.
//
// Partitions share segments, and a segment goes as a whole: once all partitions have moved their log start offsets past it.
#pragma once
#include "log/topic.h"

namespace kafka::log {

/// How many of the oldest segments are past the topic's retention. The open one counts too, if all that it holds is too old.
size_t expired_segments(const Topic& topic, int64_t now_ms);

/// By partition: where the log starts without so many of the oldest segments. At most as many as are closed.
std::vector<int64_t> log_starts_without(const Topic& topic, size_t segments);

/// How many of the oldest segments lie below the log start offsets of all partitions. The last segment always stays: it says where
/// the partitions end.
size_t unreadable_segments(const Topic& topic);

} // namespace kafka::log
