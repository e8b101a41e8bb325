// See batches.h.
#include "store/batches.h"

#include "store/segments.h"

#include <algorithm>

#include <algorithm>

namespace kafka::store {
namespace {
constexpr size_t max_segments_prepared = 256;
constexpr int rows_per_fetch = 16;
} // namespace

Batches::Statements::Statements(int64_t segment)
    : insert("INSERT INTO " + segment_table(segment) +
             " (partition, leader_epoch, base_offset, last_offset, max_timestamp, data) VALUES ($1, $2, $3, "
             "$4, $5, $6)"),
      last_before("SELECT last_offset, max_timestamp, leader_epoch FROM " + segment_table(segment) +
                  " WHERE partition = $1 AND last_offset < $2 ORDER BY last_offset DESC LIMIT 1"),
      read("SELECT base_offset, last_offset, data FROM " + segment_table(segment) +
           " WHERE partition = $1 AND last_offset >= $2 ORDER BY last_offset"),
      probe("SELECT base_offset, last_offset, max_timestamp, leader_epoch FROM " + segment_table(segment) +
            " WHERE partition = $1 AND last_offset >= $2 ORDER BY last_offset LIMIT 1") {}

Batches::Statements& Batches::statements(int64_t segment) {
    if (const auto it = statements_.find(segment); it != statements_.end()) {
        recent_.splice(recent_.begin(), recent_, it->second->recent);
        return *it->second;
    }
    if (statements_.size() >= max_segments_prepared) {
        statements_.erase(recent_.back());
        recent_.pop_back();
    }
    recent_.push_front(segment);
    auto& made = statements_[segment] = std::make_unique<Statements>(segment);
    made->recent = recent_.begin();
    return *made;
}

void Batches::append(int64_t segment, const BatchRow& row) {
    statements(segment).insert.execute({row.partition, row.leader_epoch, row.base_offset, row.last_offset,
                                        row.max_timestamp, pg::Bytes{row.data}});
}

std::optional<SegmentEnd> Batches::end(int64_t segment, int32_t partition) {
    return last_before(segment, partition, INT64_MAX);
}

std::optional<SegmentEnd> Batches::last_before(int64_t segment, int32_t partition, int64_t offset) {
    const pg::Result rows = statements(segment).last_before.execute({partition, offset});
    if (rows.empty()) return std::nullopt;
    return SegmentEnd{rows.int64(0, 0), rows.int64(0, 1), rows.int32(0, 2)};
}

std::vector<StoredBatch> Batches::read(int64_t segment, int32_t partition, int64_t offset, size_t max_bytes,
                                       bool at_least_one) {
    std::vector<StoredBatch> batches;
    size_t bytes = 0;
    pg::Cursor cursor = statements(segment).read.open({partition, offset});
    for (;;) {
        const pg::Result rows = cursor.fetch(rows_per_fetch);
        for (size_t i = 0; i < rows.size(); i++) {
            const size_t size = rows.size_of(i, 2);
            if (bytes + size > max_bytes && !(batches.empty() && at_least_one)) return batches;
            const auto data = std::make_shared_for_overwrite<char[]>(size);
            rows.copy_bytes(i, 2, data.get());
            batches.push_back({rows.int64(i, 0), rows.int64(i, 1), {data, {data.get(), size}}});
            bytes += size;
        }
        if (rows.size() < uint64_t(rows_per_fetch)) return batches;
    }
}

std::optional<int64_t> Batches::first_reaching(int64_t segment, int32_t partition, Rising column,
                                               int64_t value) {
    pg::Statement& probe = statements(segment).probe;
    const auto reaches = [&](const pg::Result& row) {
        return (column == Rising::max_timestamp ? row.int64(0, 2) : row.int32(0, 3)) >= value;
    };
    const auto last = end(segment, partition);
    if (!last || (column == Rising::max_timestamp ? last->max_timestamp : last->leader_epoch) < value)
        return std::nullopt;
    // Invariant: the batch holding `high` reaches the value, no batch that ends below `low` does.
    int64_t low = 0, high = last->last_offset, found = -1;
    while (low <= high) {
        const int64_t middle = low + (high - low) / 2;
        const pg::Result row = probe.execute({partition, middle});
        if (!row.empty() && reaches(row)) {
            found = row.int64(0, 0);
            high =
                std::min(found, middle) - 1; // no batch holds `middle` where it is before the segment's first
        } else if (!row.empty()) {
            low = row.int64(0, 1) + 1;
        } else {
            break;
        }
    }
    if (found < 0) return std::nullopt;
    return found;
}

} // namespace kafka::store
