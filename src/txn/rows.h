// What is asked of rows, and done to them, in more than one place. Pure.
#pragma once
#include "txn/types.h"

namespace kafka::txn {

/// None if there is no such topic or partition.
std::optional<PartitionId> find_partition(const group::TopicLookup& topics, wire::View topic,
                                          int32_t partition);

/// Null if the open transaction has no such partition.
const AddedPartition* find_added(const TransactionRow& row, const PartitionId& partition);

/// The row with an open transaction: the one that it has, or a new one. A producer that begins one has heard of its epoch.
TransactionRow begun(TransactionRow row, const Now& now);
/// The row without an open transaction.
TransactionRow ended(TransactionRow row, State state);
/// Adds those that are not there, and first offsets to those that have none. True if there was something to add.
bool add_partitions_to(TransactionRow& row, std::vector<AddedPartition> partitions);
/// True if it was not there.
bool add_group_to(TransactionRow& row, const std::string& group_id);
bool has_group(const TransactionRow& row, const std::string& group_id);

/// PRODUCER_FENCED was INVALID_PRODUCER_EPOCH until a version of each request.
inline ErrorCode as_known_since(int16_t since, int16_t version, ErrorCode error) {
    return error == ErrorCode::producer_fenced && version < since ? ErrorCode::invalid_producer_epoch : error;
}

} // namespace kafka::txn
