// The rows of kafka.messages and kafka.log: the records of all batches that a query can want, in order of topic,
// partition and offset. Holds one batch at a time. Runs in the session of a query. Functions throw Error.
#pragma once
#include "record/records.h"
#include "sql/aborted_transactions.h"
#include "sql/open_transactions.h"
#include "sql/partition_walk.h"
#include "sql/row.h"
#include "sql/segment_table.h"

#include <cstdint>
#include <optional>

namespace kafka::sql {

/// Which records are read: those that a consumer of that isolation.level sees, or really all, with control records.
enum class Isolation { read_committed, none };

class MessageReader {
public:
    /// `max_decompressed`: bytes that the records of one batch may take.
    MessageReader(Snapshot snapshot, MemoryContext parent, Isolation isolation, size_t max_decompressed)
        : isolation_(isolation), max_decompressed_(max_decompressed), walk_(snapshot),
          table_(snapshot, parent), open_(snapshot), aborted_(snapshot) {}

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
    void look_for_open();
    void seek(int64_t offset);
    txn::PartitionId partition_id() const;
    std::optional<int64_t> next_wanted(int64_t from) const;
    void read_batch(const BatchPosition& batch, int64_t from);
    TransactionState transaction_state(const record::BatchHeader& header);
    bool is_wanted(const BatchPosition& batch, int64_t from) const;
    [[noreturn]] void refuse_damaged() const;

    const Isolation isolation_;
    const size_t max_decompressed_;
    Bounds bounds_;
    PartitionWalk walk_;
    SegmentTable table_;
    OpenTransactions open_;
    AbortedTransactions aborted_;
    std::optional<record::RecordReader> records_; ///< of the batch that table_ holds
    BatchPosition batch_{};                       ///< where records_ are from
    TransactionState state_{};                    ///< of that batch
    int64_t batches_read_ = 0;

    // Within the partition where the walk is:
    int64_t position_ = 0;    ///< no record below is wanted any more
    int64_t last_offset_ = 0; ///< no record above is to be seen
    bool knows_open_ = false; ///< last_offset_ is right, as far as open transactions count
    size_t next_segment_ = 0; ///< index into the topic's segments
    bool positioned_ = false; ///< the table's next batch is that of position_, or the one after it
};

} // namespace kafka::sql
