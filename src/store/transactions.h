// The rows of kafka.transaction, kafka.pending_offset and kafka.aborted_transaction. Called inside a pg::Transaction; throws
// pg::Error.
#pragma once
#include "log/aborted.h"
#include "pg/spi.h"
#include "txn/types.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace kafka::store {

/// What a transaction wrote to a partition before it was aborted.
struct AbortedTransaction {
    txn::PartitionId partition;
    int64_t producer_id;
    int64_t first_offset, last_offset; ///< of its first batch, and of the marker
    int64_t last_stable_offset; ///< once it had ended: whatever was aborted later begins there or above
};

/// Prepared statements for transactions.
class Transactions {
public:
    Transactions();

    using TakeTransaction = std::function<void(const txn::TransactionRow&)>;
    using TakeOffset = std::function<void(const txn::PendingOffsetRow&)>;
    /// Hands over everything that is stored, transactions first. What is damaged is mended: its open transaction is due at once, and
    /// its producer is fenced, so that it is aborted and nothing of it is committed in part.
    void load(const TakeTransaction& take_transaction, const TakeOffset& take_offset);
    /// Hands over what is stored of some transactional ids.
    void load(const std::vector<std::string>& transactional_ids, const TakeTransaction& take_transaction,
              const TakeOffset& take_offset);

    void write(const std::map<std::string, txn::TransactionRow>& transactions);
    void write(const std::map<txn::PendingKey, txn::PendingOffsetRow>& offsets);
    void write(const std::vector<AbortedTransaction>& aborted);

    /// Those that ended at `from` or later: as many as a reader of the offsets below `to` has to know of, and some more, since
    /// whoever asks goes on reading. `until` is INT64_MAX if they are all that have ended so far.
    log::AbortedStretch aborted(const txn::PartitionId& partition, int64_t from, int64_t to);

private:
    pg::Statement put_transaction_, remove_transactions_, put_offsets_, remove_offsets_, put_aborted_,
        aborted_;
};

} // namespace kafka::store
