// The rows of kafka.messages and kafka.log: the records of all batches that a query can want, in order of topic,
// partition and offset, either way. Holds one batch at a time. Runs in the session of a query. Functions throw Error.
#pragma once
#include "record/records.h"
#include "sql/aborted_transactions.h"
#include "sql/batch_walk.h"
#include "sql/open_transactions.h"
#include "sql/partition_walk.h"
#include "sql/row.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace kafka::sql {

/// Which records are read: those that a consumer of that isolation.level sees, or really all, with control records.
enum class Isolation { read_committed, none };

class MessageReader {
public:
    /// `backward`: the last records first. `max_decompressed`: bytes that the records of one batch may take.
    MessageReader(Snapshot snapshot, MemoryContext parent, Isolation isolation, bool backward,
                  size_t max_decompressed)
        : isolation_(isolation), backward_(backward), max_decompressed_(max_decompressed),
          partitions_(snapshot), batches_(snapshot, parent), open_(snapshot), aborted_(snapshot) {}

    void restart(Bounds bounds);
    /// False at the end.
    bool next(Row& row);
    void close();

    /// Batches decoded since the first restart().
    int64_t batches_read() const { return batches_read_; }

private:
    bool next_partition();
    bool next_batch();
    bool next_record(record::Record& record);
    bool is_wanted(const record::Record& record) const;
    void look_for_open();
    txn::PartitionId partition_id() const;
    void read_batch(const BatchPosition& batch);
    void note_places();
    TransactionState transaction_state(const record::BatchHeader& header);
    void check_records() const;

    const Isolation isolation_;
    const bool backward_;
    const size_t max_decompressed_;
    Bounds bounds_;
    PartitionWalk partitions_;
    BatchWalk batches_; ///< of the partition where partitions_ is
    OpenTransactions open_;
    AbortedTransactions aborted_;
    std::optional<record::RecordReader> records_;     ///< of the batch that batches_ holds
    std::vector<record::RecordReader::Place> places_; ///< backward: of its records that are still to come
    BatchPosition batch_{};                           ///< where records_ are from
    TransactionState state_{};                        ///< of that batch
    int64_t batches_read_ = 0;

    // Within the partition where the walk is:
    bool in_partition_ = false; ///< there is one
    int64_t last_offset_ = 0;   ///< no record above is to be seen
    bool knows_open_ = false;   ///< last_offset_ is right, as far as open transactions count
};

} // namespace kafka::sql
