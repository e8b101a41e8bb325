// Which batches were written in transactions that have been aborted, in a query's snapshot. Runs in the session of a query.
// Functions throw Error.
#pragma once
#include "log/aborted.h"
#include "txn/types.h"

#include <cstdint>

#include "pg/guard.h"

extern "C" {
#include "utils/snapshot.h"
}

namespace kafka::sql {

/// Knows of one stretch of a partition at a time: best asked in the order of the offsets, or in the opposite one.
class AbortedTransactions {
public:
    explicit AbortedTransactions(Snapshot snapshot) : snapshot_(snapshot) {}

    /// Whether a batch that the producer wrote at this offset, in a transaction that has ended, was aborted.
    bool hold(const txn::PartitionId& partition, int64_t producer_id, int64_t offset);

private:
    enum class Stretch { from, up_to };
    void read(const txn::PartitionId& partition, int64_t offset, Stretch stretch);

    Snapshot snapshot_;
    txn::PartitionId partition_;
    int64_t known_from_ = 0, known_to_ = 0; ///< the offsets of the stretch, the last one left out
    log::AbortedIndex found_;
};

} // namespace kafka::sql
