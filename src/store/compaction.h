// What the janitor reads and changes when it compacts a topic. Called inside a pg::Transaction; throws pg::Error.
#pragma once
#include "wire/bytes.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kafka::store {

/// A topic whose cleanup.policy contains compact.
struct CompactedTopic {
    wire::Uuid id;
    std::string name;
};
std::vector<CompactedTopic> compacted_topics();

/// By partition: the first offset that a transaction that is open now has written; partitions without are left out.
std::map<int32_t, int64_t> first_open_offsets(const wire::Uuid& topic);

/// By partition: up to where kafka.producer is complete; 0 for those that are not named.
std::vector<int64_t> producers_stored_to(const wire::Uuid& topic);

/// Throws pg::Error, lock_not_available(), if somebody uses the segment's table, which then could not be replaced.
void check_not_in_use(int64_t segment);
/// Makes an empty table that is to take the place of a segment's, and returns its name in the schema kafka.
std::string make_replacement(int64_t segment);
/// Puts it there, under the segment's name, for which it takes an exclusive lock, and stores what has become of the segment;
/// `compacted` if that is all that compaction has to do.
void replace_segment(int64_t segment, const std::vector<int64_t>& max_timestamps,
                     const std::vector<int64_t>& bytes, bool compacted);
/// Compaction has gone over all of the segment.
void mark_compacted(int64_t segment);

/// All that these aborted transactions wrote is gone: readers need not be told of them. `last_offsets` are those of their markers.
void forget_aborted(const wire::Uuid& topic, int32_t partition, const std::vector<int64_t>& last_offsets);

/// Bytes that maintenance work may take: maintenance_work_mem.
int64_t maintenance_memory();

} // namespace kafka::store
