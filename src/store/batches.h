// Rows of the segment tables. How batches reach the disk and come back is hidden here: a batch is one row, or several if it
// does not fit on the page that is being filled, each a piece of its bytes.
// Called inside a pg::Transaction; throws pg::Error.
#pragma once
#include "pg/bulk_insert.h"
#include "pg/spi.h"
#include "wire/bytes.h"

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace kafka::store {

/// One batch to be stored.
struct BatchRow {
    int32_t partition, leader_epoch;
    int64_t base_offset, last_offset;
    int64_t max_timestamp; ///< running maximum of the partition within the segment
    int64_t bytes;         ///< running sum of the partition's batches within the segment, this one included
    wire::View data;       ///< the batch as consumers get it
};

/// One batch read back.
struct StoredBatch {
    int64_t base_offset, last_offset;
    wire::Slice data;
};

/// The end of a partition within a segment.
struct SegmentEnd {
    int64_t last_offset, max_timestamp, bytes; ///< the latter two of all up to there
    int32_t leader_epoch;
};

/// Columns that never fall along the offsets of a partition in a segment, so that they can be searched by
/// halves.
enum class Rising { max_timestamp, leader_epoch };

/// Prepared statements for the segments in use, the least recently used given up first.
class Batches {
public:
    /// Adds batches to the end of a segment; those of a partition in the order of their offsets.
    class Append {
    public:
        explicit Append(int64_t segment);
        /// To a table like kafka.batch that is to take the place of a segment's, made in this transaction.
        explicit Append(const std::string& replacement);
        void add(const BatchRow& row);
        /// The rows are in the table.
        void finish() { insert_.finish(); }

    private:
        pg::BulkInsert insert_;
    };

    /// The newest batch of the partition in the segment; nothing if it has none there.
    std::optional<SegmentEnd> end(int64_t segment, int32_t partition);

    /// The newest batch of the partition in the segment that ends below `offset`; nothing if there is none.
    std::optional<SegmentEnd> last_before(int64_t segment, int32_t partition, int64_t offset);

    /// Whole batches from the one that holds `offset` on, up to `max_bytes`; the first one even if it is
    /// larger when `at_least_one`.
    std::vector<StoredBatch> read(int64_t segment, int32_t partition, int64_t offset, size_t max_bytes,
                                  bool at_least_one);

    /// Hands over the first bytes of each batch of the partition in the segment from the one that holds `offset` on: its header,
    /// and all of a marker.
    void starts(int64_t segment, int32_t partition, int64_t offset,
                const std::function<void(wire::View)>& take);

    /// Base offset of the first batch of the partition in the segment whose column is at least `value`.
    std::optional<int64_t> first_reaching(int64_t segment, int32_t partition, Rising column, int64_t value);

    /// Gives up all statements, for instance because the tables may be gone.
    void forget() { statements_.clear(), recent_.clear(); }

private:
    struct Statements {
        explicit Statements(int64_t segment);
        pg::Statement last_before, read, starts, probe;
        std::list<int64_t>::iterator recent;
    };
    Statements& statements(int64_t segment);

    std::list<int64_t> recent_; ///< most recently used first
    std::unordered_map<int64_t, std::unique_ptr<Statements>> statements_;
};

} // namespace kafka::store
