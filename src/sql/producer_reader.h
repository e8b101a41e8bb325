// The rows of kafka.producers: one for each idempotent producer of each partition, as the broker knows it, by what was stored last and
// by the batches after that. Runs in the session of a query. Functions throw Error.
#pragma once
#include "log/producers.h"
#include "sql/open_transactions.h"
#include "sql/partition_walk.h"
#include "sql/row.h"
#include "sql/segment_table.h"

#include <map>
#include <optional>
#include <vector>

namespace kafka::sql {

class ProducerReader {
public:
    ProducerReader(Snapshot snapshot, MemoryContext parent)
        : snapshot_(snapshot), walk_(snapshot), table_(snapshot, parent), open_(snapshot) {}

    void restart(Bounds bounds);
    /// False at the end.
    bool next(Row& row);
    void close() { table_.close(); }

private:
    bool next_partition();
    txn::PartitionId partition_id() const;
    void append_logged(log::Producers& producers, int64_t from, int64_t now_ms);

    Snapshot snapshot_;
    Bounds bounds_;
    PartitionWalk walk_;
    SegmentTable table_;
    OpenTransactions open_;
    std::optional<wire::Uuid> stored_of_;   ///< the topic of stored_to_
    std::vector<int64_t> stored_to_;        ///< up to there its producers are stored, by partition
    std::map<int64_t, log::Producer> left_; ///< of the partition where the walk is, by producer id
};

} // namespace kafka::sql
