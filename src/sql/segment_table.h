// One segment's table, kafka.segment_<id>, read batch by batch through its primary key under a query's
// snapshot. Runs in the session of a query. All functions throw Error; after that the server cleans up what
// is open.
#pragma once
#include "record/batch.h"
#include "wire/bytes.h"

#include <cstdint>
#include <optional>
#include <string>

#include "pg/guard.h"

extern "C" {
#include "access/genam.h"
#include "access/htup.h"
#include "utils/rel.h"
#include "utils/snapshot.h"
}

namespace kafka::sql {

/// What a batch's rows say of it.
struct BatchPosition {
    int64_t base_offset, last_offset;
    int64_t max_timestamp; ///< ms since 1970, of the partition in this segment up to this batch

    int64_t next_offset() const { return last_offset < INT64_MAX ? last_offset + 1 : INT64_MAX; }
};

class SegmentTable {
public:
    /// Keeps its memory in a child of `parent`.
    SegmentTable(Snapshot snapshot, MemoryContext parent);

    /// False if the table is gone: the janitor drops those that nobody needs.
    bool open(int64_t segment);
    bool is_open() const { return table_ != nullptr; }
    /// Lets the table be dropped, even though the transaction goes on.
    void close();

    /// next() will give the batch that holds `offset`, or else the one after it.
    void seek(int32_t partition, int64_t offset);
    /// The next batch of the partition; nothing at the end.
    std::optional<BatchPosition> next();
    /// The batch that holds `offset`, or else the one before it; nothing if there is none. It counts as given by next().
    std::optional<BatchPosition> find_back(int32_t partition, int64_t offset);
    /// The header of the batch that next() gave; nothing if it is damaged.
    std::optional<record::BatchHeader> header() { return record::read_header(start()); }
    /// The first bytes of that batch, at least its header; all of it if it is a marker. Valid until any other function is called.
    wire::View start() { return piece(); }
    /// That batch. Valid until any other function is called.
    wire::View batch();

    /// The partition's last batch here.
    std::optional<BatchPosition> last(int32_t partition);
    /// The first offset of the first batch from `offset` on up to which the largest timestamp is at least
    /// `timestamp`.
    std::optional<int64_t> first_reaching(int32_t partition, int64_t offset, int64_t timestamp);

private:
    void begin_scan(ScanKeyData* keys, int count);
    void end_scan();
    std::optional<BatchPosition> read(ScanDirection direction);
    wire::View piece();

    Snapshot snapshot_;
    MemoryContext scan_context_;  ///< what belongs to scan_
    MemoryContext batch_context_; ///< the piece last read, should it not lie in row_
    std::string batch_;           ///< the batch last given, if it has several pieces
    Relation table_ = nullptr, index_ = nullptr;
    SysScanDesc scan_ = nullptr;
    HeapTuple row_ = nullptr; ///< lies in scan_
    int32_t piece_ = 0;       ///< of row_
};

} // namespace kafka::sql
