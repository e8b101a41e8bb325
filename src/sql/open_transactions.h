// The transactions that are open in a query's snapshot, and where they have begun to write: what comes there or later in the partition
// is not stable, and a reader of committed records does not see it. Runs in the session of a query. Functions throw Error.
#pragma once
#include "txn/types.h"

#include <cstdint>
#include <map>
#include <optional>

#include "pg/guard.h"

extern "C" {
#include "utils/snapshot.h"
}

namespace kafka::sql {

/// Read as a whole when it is first asked: there are as many rows as transactional ids. An index on the state would spare that, but then
/// no change of a transaction could be heap-only.
class OpenTransactions {
public:
    explicit OpenTransactions(Snapshot snapshot) : snapshot_(snapshot) {}

    /// Of all in the partition; nothing: none is open.
    std::optional<int64_t> first_offset(const txn::PartitionId& partition);
    /// Of the producer's.
    std::optional<int64_t> first_offset(const txn::PartitionId& partition, int64_t producer_id);

private:
    using Offsets = std::map<int64_t, int64_t>; ///< first offsets by producer id
    const Offsets* find(const txn::PartitionId& partition);
    void read();

    Snapshot snapshot_;
    std::optional<std::map<txn::PartitionId, Offsets>> open_;
};

} // namespace kafka::sql
