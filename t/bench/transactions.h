// Producers that write in transactions, each of one batch in one partition.
//
// Such a transaction is three requests, each sent when the one before is answered: AddPartitionsToTxn, Produce, EndTxn. Where the
// broker has transactions of the second version (KIP-890), as its ApiVersions say, Produce adds the partition, and it is two.
#pragma once
#include "batches.h"

#include <string>

namespace bench {

/// Transactions per second of so many producers, each with a partition and a connection of its own, as fast as the broker answers.
/// A fifth of the time comes on top, before, and does not count.
double transactions_per_second(const std::string& bootstrap, int producers, const BatchKind& transaction,
                               double seconds);

/// Writes so many bytes of payload to partition 0 of a topic; each tenth transaction is aborted.
void fill_with_transactions(const std::string& bootstrap, const std::string& topic,
                            const BatchKind& transaction, size_t bytes);

} // namespace bench
