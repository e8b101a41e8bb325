// The rows of kafka.partitions: one for each partition, its end found by one probe into its newest segment.
// Runs in the session of a query. Functions throw Error.
#pragma once
#include "sql/open_transactions.h"
#include "sql/partition_walk.h"
#include "sql/row.h"
#include "sql/segment_table.h"

namespace kafka::sql {

class PartitionReader {
public:
    PartitionReader(Snapshot snapshot, MemoryContext parent)
        : walk_(snapshot), table_(snapshot, parent), open_(snapshot) {}

    void restart(Bounds bounds);
    /// False at the end.
    bool next(Row& row);
    void close() { table_.close(); }

private:
    int64_t high_watermark();

    Bounds bounds_;
    PartitionWalk walk_;
    SegmentTable table_;
    OpenTransactions open_;
};

} // namespace kafka::sql
