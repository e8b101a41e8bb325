// See batches.h.
#include "store/batches.h"

#include "record/batch.h"
#include "record/marker.h"
#include "store/segments.h"

#include <algorithm>

namespace kafka::store {
namespace {
constexpr size_t max_segments_prepared = 256;
constexpr int rows_per_fetch = 16;

constexpr int columns = 8; ///< of kafka.batch
/// Bytes of a row's columns before the piece itself, its length included; see kafka.batch.
constexpr size_t columns_before_piece = 48;
/// A batch goes on on the next page rather than leave so little of itself on this one.
constexpr size_t smallest_piece = 512;

/// A batch that is being put together from its rows.
class Assembly {
public:
    bool complete() const { return filled_ == size_; }
    void begin(size_t size) {
        size_ = size;
        filled_ = 0;
        data_ = std::make_shared_for_overwrite<char[]>(size);
    }
    void add(const pg::Result& rows, uint64_t row, int column) {
        const size_t bytes = rows.size_of(row, column);
        if (bytes > size_ - filled_)
            throw pg::Error("a record batch has more bytes than its header says", "XX001");
        rows.copy_bytes(row, column, data_.get() + filled_);
        filled_ += bytes;
    }
    wire::Slice take() { return {data_, {data_.get(), size_}}; }

private:
    std::shared_ptr<char[]> data_;
    size_t size_ = 0, filled_ = 0;
};

/// The size of the batch that begins with this piece.
size_t size_of_batch(const pg::Result& rows, uint64_t row, int column) {
    char start[record::batch_header_size];
    const size_t bytes = rows.copy_start(row, column, start);
    const auto header = record::read_header({start, bytes});
    if (!header || header->batch_length < 0) throw pg::Error("a stored record batch has no header", "XX001");
    return header->size_in_bytes();
}
} // namespace

Batches::Append::Append(int64_t segment) : insert_("kafka", segment_table_name(segment)) {}

Batches::Append::Append(const std::string& replacement)
    : insert_("kafka", replacement, pg::BulkInsert::Visible::to_all) {}

void Batches::Append::add(const BatchRow& row) {
    wire::View left = row.data;
    for (int32_t piece = 0; piece == 0 || !left.empty(); piece++) {
        size_t room = insert_.room_on_page(columns);
        if (room < columns_before_piece + std::min(left.size(), smallest_piece))
            room = insert_.room_on_empty_page(columns);
        const size_t size = std::min(left.size(), room - columns_before_piece);
        insert_.add({row.partition, row.leader_epoch, row.base_offset, row.last_offset, row.max_timestamp,
                     row.bytes, piece, pg::Bytes{left.substr(0, size)}});
        left.remove_prefix(size);
    }
}

Batches::Statements::Statements(int64_t segment)
    : last_before("SELECT last_offset, max_timestamp, bytes, leader_epoch FROM " + segment_table(segment) +
                  " WHERE partition = $1 AND last_offset < $2 ORDER BY last_offset DESC LIMIT 1"),
      read("SELECT base_offset, last_offset, data FROM " + segment_table(segment) +
           " WHERE partition = $1 AND last_offset >= $2 ORDER BY last_offset, piece"),
      starts("SELECT pg_catalog.substr(data, 1, " + std::to_string(record::marker_size) + ") FROM " +
             segment_table(segment) +
             " WHERE partition = $1 AND last_offset >= $2 AND piece = 0 ORDER BY last_offset"),
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

std::optional<SegmentEnd> Batches::end(int64_t segment, int32_t partition) {
    return last_before(segment, partition, INT64_MAX);
}

std::optional<SegmentEnd> Batches::last_before(int64_t segment, int32_t partition, int64_t offset) {
    const pg::Result rows = statements(segment).last_before.execute({partition, offset});
    if (rows.empty()) return std::nullopt;
    return SegmentEnd{rows.int64(0, 0), rows.int64(0, 1), rows.int64(0, 2), rows.int32(0, 3)};
}

std::vector<StoredBatch> Batches::read(int64_t segment, int32_t partition, int64_t offset, size_t max_bytes,
                                       bool at_least_one) {
    constexpr int data = 2;
    std::vector<StoredBatch> batches;
    size_t bytes = 0;
    Assembly assembly;
    pg::Cursor cursor = statements(segment).read.open({partition, offset});
    for (;;) {
        const pg::Result rows = cursor.fetch(rows_per_fetch);
        for (size_t i = 0; i < rows.size(); i++) {
            if (assembly.complete()) {
                const size_t size = size_of_batch(rows, i, data);
                if (bytes + size > max_bytes && !(batches.empty() && at_least_one)) return batches;
                assembly.begin(size);
                bytes += size;
            }
            assembly.add(rows, i, data);
            if (assembly.complete()) batches.push_back({rows.int64(i, 0), rows.int64(i, 1), assembly.take()});
        }
        if (rows.size() < uint64_t(rows_per_fetch)) return batches;
    }
}

void Batches::starts(int64_t segment, int32_t partition, int64_t offset,
                     const std::function<void(wire::View)>& take) {
    statements(segment).starts.open({partition, offset}).each_row([&](const pg::Result& rows, size_t i) {
        take(rows.bytes(i, 0));
    });
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
