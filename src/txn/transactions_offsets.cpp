// AddOffsetsToTxn and TxnOffsetCommit: offsets that become those of a group when the transaction commits, and not before.
//
// A transaction's offset holds against all that was committed or deleted before it was asked for, and against nothing that came
// later, whenever the transaction commits.
#include "group/limits.h"
#include "group/offsets.h"
#include "txn/rows.h"
#include "txn/transactions.h"

namespace kafka::txn {
namespace {

/// Clients of this and later versions have groups added by TxnOffsetCommit (KIP-890).
constexpr int16_t first_commit_that_adds = 5;
/// Those of this one know TRANSACTION_ABORTABLE.
constexpr int16_t first_commit_with_abortable = 4;

} // namespace

void Transactions::add_offsets(Turn& turn, const Caller& caller,
                               const wire::add_offsets_to_txn::Request& request) {
    const ErrorCode error = add_group(turn, request.transactional_id, request.producer_id,
                                      request.producer_epoch, request.group_id);
    turn.effects.reply(caller.ticket,
                       wire::add_offsets_to_txn::Response{0, as_known_since(2, caller.version, error)});
}

ErrorCode Transactions::add_group(Turn& turn, const std::string& transactional_id, int64_t producer_id,
                                  int16_t epoch, const std::string& group_id) {
    const ErrorCode error = check(transactional_id, producer_id, epoch);
    if (error != ErrorCode::none) return error;
    if (!group::storable_group_id(group_id)) return ErrorCode::invalid_group_id;
    const TransactionRow& row = *find(transactional_id);
    TransactionRow next = begun(row, turn.now);
    if (add_group_to(next, group_id) || row.state != State::ongoing) write(turn, std::move(next));
    return ErrorCode::none;
}

void Transactions::commit_offsets(Turn& turn, const Caller& caller,
                                  const wire::txn_offset_commit::Request& request,
                                  const std::function<ErrorCode()>& group_says) {
    // What transaction and group say. They are asked if there is something to commit.
    std::optional<ErrorCode> error;
    wire::txn_offset_commit::Response response;
    for (const auto& topic : request.topics) {
        auto& answered = response.topics.emplace_back();
        answered.name = topic.name;
        for (const auto& offset : topic.partitions) {
            const auto partition = find_partition(turn.topics, topic.name, offset.partition_index);
            if (partition && !error) error = may_commit(turn, caller.version, request, group_says);
            ErrorCode code = partition ? *error : ErrorCode::unknown_topic_or_partition;
            if (code == ErrorCode::none) code = commit_one(turn, request, *partition, offset);
            answered.partitions.push_back({offset.partition_index, code});
        }
    }
    turn.effects.reply(caller.ticket, std::move(response));
}

/// A member that the group refuses has its group added all the same, as in Kafka, where that comes first.
ErrorCode Transactions::may_commit(Turn& turn, int16_t version,
                                   const wire::txn_offset_commit::Request& request,
                                   const std::function<ErrorCode()>& group_says) {
    const std::string& id = request.transactional_id;
    if (!group::legal_group_id(request.group_id)) return ErrorCode::invalid_group_id;
    ErrorCode error = version >= first_commit_that_adds
                          ? add_group(turn, id, request.producer_id, request.producer_epoch, request.group_id)
                          : check(id, request.producer_id, request.producer_epoch);
    if (error == ErrorCode::none && !has_group(*find(id), request.group_id))
        error = version >= first_commit_with_abortable ? ErrorCode::transaction_abortable
                                                       : ErrorCode::invalid_txn_state;
    if (error == ErrorCode::producer_fenced) error = ErrorCode::invalid_producer_epoch;
    return error == ErrorCode::none ? group_says() : error;
}

ErrorCode Transactions::commit_one(Turn& turn, const wire::txn_offset_commit::Request& request,
                                   const PartitionId& partition,
                                   const wire::txn_offset_commit::TxnOffsetCommitRequestPartition& offset) {
    PendingOffsetRow row;
    row.metadata = offset.committed_metadata.value_or("");
    if (group::metadata_too_large(row.metadata, turn.settings.offset_metadata_max_bytes))
        return ErrorCode::offset_metadata_too_large;
    row.key = {request.transactional_id, {request.group_id, partition}};
    row.offset = offset.committed_offset;
    row.leader_epoch = offset.committed_leader_epoch;
    row.commit_timestamp_ms = turn.now.ms;
    row.number = next_number_;
    write(turn, std::move(row));
    return ErrorCode::none;
}

std::set<std::string> Transactions::groups_with_pending_offsets(const std::string& transactional_id) const {
    std::set<std::string> groups;
    if (const Transaction* transaction = get(transactional_id))
        for (const auto& [key, row] : transaction->offsets) groups.insert(key.group_id);
    return groups;
}

bool Transactions::has_pending_offsets(const std::string& group_id) const {
    const auto at = pending_.lower_bound({group_id, {}});
    return at != pending_.end() && at->first.group_id == group_id;
}

void Transactions::remove_pending(Turn& turn, const std::vector<PendingKey>& keys) {
    for (const PendingKey& key : keys) {
        PendingOffsetRow row;
        row.key = key;
        row.removed = true;
        write(turn, std::move(row));
    }
}

void Transactions::offset_changed(Turn& turn, const OffsetKey& key) {
    const auto at = pending_.find(key);
    if (at == pending_.end()) return;
    std::vector<PendingKey> overtaken;
    for (const std::string& id : at->second) overtaken.push_back({id, key});
    remove_pending(turn, overtaken);
}

void Transactions::group_deleted(Turn& turn, const std::string& group_id) {
    std::vector<PendingKey> of_group;
    for (auto at = pending_.lower_bound({group_id, {}});
         at != pending_.end() && at->first.group_id == group_id; ++at)
        for (const std::string& id : at->second) of_group.push_back({id, at->first});
    remove_pending(turn, of_group);
}

/// Of a transaction that ends: those that it commits, as rows of the groups.
std::vector<group::OffsetRow> Transactions::take_offsets(Turn& turn, const std::string& transactional_id,
                                                         bool commit) {
    std::vector<group::OffsetRow> committed;
    std::vector<PendingKey> settled;
    for (const auto& [key, row] : get(transactional_id)->offsets) {
        settled.push_back(row.key);
        if (!commit) continue;
        committed.push_back({key.group_id, key.partition.topic_id, key.partition.partition, false, row.offset,
                             row.leader_epoch, row.metadata, row.commit_timestamp_ms, -1});
        for (const std::string& id : pending_.at(key))
            if (get(id)->offsets.at(key).number < row.number) settled.push_back({id, key});
    }
    remove_pending(turn, settled);
    return committed;
}

} // namespace kafka::txn
