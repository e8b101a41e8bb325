// See partition_reader.h.
#include "sql/partition_reader.h"

#include <algorithm>

namespace kafka::sql {

void PartitionReader::restart(Bounds bounds) {
    bounds_ = std::move(bounds);
    walk_.restart(bounds_);
}

bool PartitionReader::next(Row& row) {
    if (!walk_.next()) return false;
    row.topic = &walk_.topic().name;
    row.partition = walk_.partition().index;
    row.log_start_offset = walk_.partition().log_start_offset;
    row.high_watermark = high_watermark();
    const auto open = open_.first_offset({walk_.topic().id, row.partition});
    row.last_stable_offset =
        std::clamp(open.value_or(row.high_watermark), row.log_start_offset, row.high_watermark);
    return true;
}

/// A partition without a batch in the newest segment ends where it ended when that was made.
int64_t PartitionReader::high_watermark() {
    const StoredPartition& partition = walk_.partition();
    const auto& segments = walk_.topic().segments;
    if (segments.empty()) return partition.log_start_offset;
    int64_t end = std::max(segments.back().start_offset(partition.index), partition.log_start_offset);
    if (!table_.open(segments.back().id)) return end;
    if (const auto last = table_.last(partition.index)) end = std::max(end, last->next_offset());
    table_.close();
    return end;
}

} // namespace kafka::sql
