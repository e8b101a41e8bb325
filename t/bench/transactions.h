// Producers that write in transactions, each of one batch in one partition.
//
// Such a transaction is requests each of which is sent when the one before is answered; which, TransactionVersion says.
#pragma once
#include "batches.h"

#include <string>

namespace bench {

enum class TransactionVersion {
    first, ///< AddPartitionsToTxn, Produce, EndTxn: librdkafka's, and Java's before Kafka 4
    second ///< Produce, which adds the partition, and EndTxn (KIP-890)
};

/// Transactions per second of so many producers, each with a partition and a connection of its own, as fast as the broker answers.
/// A fifth of the time comes on top, before, and does not count.
double transactions_per_second(const std::string& bootstrap, int producers, const BatchKind& transaction,
                               TransactionVersion version, double seconds);

/// Writes so many bytes of payload to partition 0 of a topic; each tenth transaction is aborted.
void fill_with_transactions(const std::string& bootstrap, const std::string& topic,
                            const BatchKind& transaction, size_t bytes);

} // namespace bench
