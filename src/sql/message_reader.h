// The rows of kafka.messages: the records of all batches that a query can want, in order of topic, partition
// and offset. Holds one batch at a time. Runs in the session of a query. Functions throw Error.
#pragma once
#include "record/records.h"
#include "sql/partition_walk.h"
#include "sql/row.h"
#include "sql/segment_table.h"

#include <cstdint>
#include <optional>

namespace kafka::sql {

class MessageReader {
public:
    /// `max_decompressed`: bytes that the records of one batch may take.
    MessageReader(Snapshot snapshot, MemoryContext parent, size_t max_decompressed)
        : max_decompressed_(max_decompressed), walk_(snapshot), table_(snapshot, parent) {}

    void restart(Bounds bounds);
    /// False at the end.
    bool next(Row& row);
    void close();

    /// Batches decoded since the first restart().
    int64_t batches_read() const { return batches_read_; }

private:
    bool next_partition();
    bool next_segment();
    bool next_batch();
    bool next_batch_of_segment();
    void seek(int64_t offset);
    void read_batch(const BatchPosition& batch);
    bool is_wanted(const BatchPosition& batch, int64_t from) const;
    [[noreturn]] void refuse_damaged() const;

    const size_t max_decompressed_;
    Bounds bounds_;
    PartitionWalk walk_;
    SegmentTable table_;
    std::optional<record::RecordReader> records_; ///< of the batch that table_ holds
    BatchPosition batch_{};                       ///< where records_ are from
    int64_t batches_read_ = 0;

    // Within the partition where the walk is:
    int64_t position_ = 0;    ///< no record below is wanted any more
    size_t next_segment_ = 0; ///< index into the topic's segments
    bool positioned_ = false; ///< the table's next batch is that of position_, or the one after it
};

} // namespace kafka::sql
