// AddPartitionsToTxn, and what Produce asks: which partitions a transaction writes to, and since which offset.
#include "txn/rows.h"
#include "txn/transactions.h"

#include <algorithm>
#include <set>

namespace kafka::txn {
namespace {

using wire::add_partitions_to_txn::AddPartitionsToTxnResult;
using wire::add_partitions_to_txn::AddPartitionsToTxnTransaction;

/// Clients of this and later versions have their transactions begun, and partitions added to them, by Produce (KIP-890).
constexpr int16_t first_produce_that_adds = 12;
/// Those of this one know TRANSACTION_ABORTABLE.
constexpr int16_t first_produce_with_abortable = 11;

/// What the request says, with these codes.
AddPartitionsToTxnResult answer(const AddPartitionsToTxnTransaction& request,
                                const std::function<ErrorCode(wire::View topic, int32_t partition)>& code) {
    AddPartitionsToTxnResult result{request.transactional_id, {}};
    for (const auto& topic : request.topics) {
        auto& answered = result.topic_results.emplace_back();
        answered.name = topic.name;
        for (const int32_t partition : topic.partitions)
            answered.results_by_partition.push_back({partition, code(topic.name, partition)});
    }
    return result;
}

} // namespace

void Transactions::add_partitions(Turn& turn, const Caller& caller,
                                  const wire::add_partitions_to_txn::Request& request) {
    wire::add_partitions_to_txn::Response response;
    if (caller.version < 4) {
        auto result = add(turn, caller.version,
                          {request.v3_and_below_transactional_id, request.v3_and_below_producer_id,
                           request.v3_and_below_producer_epoch, false, request.v3_and_below_topics});
        response.results_by_topic_v3_and_below = std::move(result.topic_results);
    } else {
        std::set<wire::View> seen; // a map in Kafka's eyes
        for (const auto& transaction : request.transactions)
            if (seen.insert(transaction.transactional_id).second)
                response.results_by_transaction.push_back(add(turn, caller.version, transaction));
    }
    turn.effects.reply(caller.ticket, std::move(response));
}

/// All of them or none. What is not there is said even to producers that have been fenced.
AddPartitionsToTxnResult Transactions::add(Turn& turn, int16_t version,
                                           const AddPartitionsToTxnTransaction& request) {
    const auto id_of = [&](wire::View topic, int32_t partition) {
        return find_partition(turn.topics, topic, partition);
    };
    bool all_there = true;
    std::vector<AddedPartition> asked;
    for (const auto& topic : request.topics)
        for (const int32_t partition : topic.partitions)
            if (const auto id = id_of(topic.name, partition))
                asked.push_back({*id});
            else
                all_there = false;
    if (!all_there)
        return answer(request, [&](wire::View topic, int32_t partition) {
            return id_of(topic, partition) ? ErrorCode::operation_not_attempted
                                           : ErrorCode::unknown_topic_or_partition;
        });

    const ErrorCode error = check(request.transactional_id, request.producer_id, request.producer_epoch);
    if (error != ErrorCode::none)
        return answer(request, [&](wire::View, int32_t) { return as_known_since(2, version, error); });
    const TransactionRow& row = *find(request.transactional_id);
    if (request.verify_only)
        return answer(request, [&](wire::View topic, int32_t partition) {
            return find_added(row, *id_of(topic, partition)) ? ErrorCode::none
                                                             : ErrorCode::transaction_abortable;
        });
    TransactionRow next = begun(row, turn.now);
    const bool added = add_partitions_to(next, std::move(asked));
    if (added || row.state != State::ongoing) write(turn, std::move(next));
    return answer(request, [](wire::View, int32_t) { return ErrorCode::none; });
}

ErrorCode Transactions::may_append(const std::optional<std::string>& transactional_id, int64_t producer_id,
                                   int16_t epoch, const PartitionId& partition, int16_t version) const {
    if (!transactional_id) return ErrorCode::transactional_id_authorization_failed;
    const ErrorCode error = check(*transactional_id, producer_id, epoch);
    if (error == ErrorCode::producer_fenced) return ErrorCode::invalid_producer_epoch;
    if (error != ErrorCode::none || version >= first_produce_that_adds) return error;
    if (find_added(*find(*transactional_id), partition)) return ErrorCode::none;
    return version >= first_produce_with_abortable ? ErrorCode::transaction_abortable
                                                   : ErrorCode::invalid_txn_state;
}

void Transactions::appended(Turn& turn, int64_t producer_id, std::vector<AddedPartition> written) {
    const Transaction* transaction = of_producer(producer_id);
    if (!transaction) return;
    const auto is_known = [&](const AddedPartition& one) { return is_open(producer_id, one.id); };
    if (std::all_of(written.begin(), written.end(), is_known)) return;
    TransactionRow next = begun(transaction->row, turn.now);
    if (add_partitions_to(next, std::move(written))) write(turn, std::move(next));
}

int64_t Transactions::open_since(int64_t producer_id, const PartitionId& partition) const {
    const Transaction* transaction = of_producer(producer_id);
    const AddedPartition* added = transaction ? find_added(transaction->row, partition) : nullptr;
    return added ? added->first_offset : no_offset;
}

std::optional<int64_t> Transactions::first_open_offset(const PartitionId& partition) const {
    const auto left = first_offset_left_open(partition);
    const auto held = held_.find(partition);
    if (held == held_.end()) return left;
    const int64_t offset = held->second.begin()->first;
    return left ? std::min(*left, offset) : offset;
}

std::optional<int64_t> Transactions::first_offset_left_open(const PartitionId& partition) const {
    const auto at = open_.find(partition);
    if (at == open_.end()) return std::nullopt;
    return at->second.begin()->first;
}

} // namespace kafka::txn
