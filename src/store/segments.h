// The catalog of segment tables, kafka.segment, and the tables themselves, kafka.segment_<id>.
// Called inside a pg::Transaction; throws pg::Error.
#pragma once
#include "wire/bytes.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kafka::store {

/// One segment as stored. See log::Segment for the meaning of the arrays.
struct SegmentRow {
    int64_t id = 0;
    std::vector<int64_t> start_offsets;
    std::vector<int64_t> max_timestamps; ///< empty while the segment is open
    int64_t created_ms = 0;              ///< wall clock
    bool lost = false;                   ///< somebody has dropped its table
    std::vector<int64_t> bytes;          ///< by partition, of its batches; empty while the segment is open
    bool compacted = false;              ///< since it was closed

    /// Whether compaction has left nothing of it.
    bool is_empty() const {
        return compacted && !bytes.empty() &&
               std::all_of(bytes.begin(), bytes.end(), [](int64_t b) { return b == 0; });
    }
};

/// "segment_<id>": the name of a segment's table in the schema kafka.
std::string segment_table_name(int64_t id);
/// The same with its schema.
std::string segment_table(int64_t id);

/// The segments of these topics, oldest first; nothing for a topic that has none.
std::map<wire::Uuid, std::vector<SegmentRow>> load_segments(const std::vector<wire::Uuid>& topics);

/// Makes the table and its catalog row, and returns the id.
int64_t create_segment(const wire::Uuid& topic, const std::vector<int64_t>& start_offsets,
                       int64_t created_ms);

/// No batch will be added any more.
void close_segment(int64_t id, const std::vector<int64_t>& max_timestamps, const std::vector<int64_t>& bytes);

/// A segment's table without its primary key, if there is one: pg_dump's output adds that last, so the log is being
/// restored.
std::optional<std::string> unfinished_segment();

/// Of each topic that has segments: how many, and when the oldest was made.
struct SegmentCount {
    wire::Uuid topic;
    int64_t segments, oldest_created_ms;
};
std::vector<SegmentCount> count_segments();

/// A segment that nobody needs any more: its topic is gone, or all of the topic's partitions start after it, and what its batches tell
/// of their producers is stored.
struct DeadSegment {
    int64_t id;
    wire::Uuid topic;
};
/// The oldest first.
std::vector<DeadSegment> dead_segments();
/// Topics of which segments are not dead only because of their producers, as somebody has moved log start offsets by SQL.
std::vector<wire::Uuid> topics_with_producers_to_store();

/// Drops the table and its catalog row, and what is stored of aborted transactions that nobody can read any more. Nobody waits behind it:
/// an error if the table is in use.
void drop_segment(int64_t id);

} // namespace kafka::store
