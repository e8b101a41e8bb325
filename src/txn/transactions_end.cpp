// How transactions end: EndTxn, time, WriteTxnMarkers, and the end of what they were for.
//
// EndTxn until version 4 leaves the epoch as it is; the markers bear it. Since version 5 (KIP-890) each end takes the next epoch, which
// the markers bear and the next transaction begins with, so that nothing late can get into that. Whatever else aborts a
// transaction takes the next epoch as well: its producer has not asked for it and is to be fenced.
#include "txn/epochs.h"
#include "txn/rows.h"
#include "txn/transactions.h"

#include <algorithm>

namespace kafka::txn {
namespace {

State end_state(bool commit) { return commit ? State::complete_commit : State::complete_abort; }

bool is_complete(const TransactionRow& row) {
    return row.state == State::complete_commit || row.state == State::complete_abort;
}

/// Markers that are above the epoch of the batches, as those of KIP-890 are, have nothing to do with a later transaction.
bool may_end(const wire::write_txn_markers::WritableTxnMarker& marker, int16_t epoch) {
    return marker.transaction_version >= 2 ? marker.producer_epoch > epoch : marker.producer_epoch >= epoch;
}

} // namespace

void Transactions::end(Turn& turn, const Caller& caller, const wire::end_txn::Request& request) {
    wire::end_txn::Response response;
    response.error_code = caller.version >= 5 ? end_as_v2(turn, request) : end_as_v1(turn, request);
    response.error_code = as_known_since(2, caller.version, response.error_code);
    if (caller.version >= 5 && response.error_code == ErrorCode::none) {
        const TransactionRow& row = *find(request.transactional_id);
        response.producer_id = row.producer_id;
        response.producer_epoch = row.epoch;
    }
    turn.effects.reply(caller.ticket, std::move(response));
}

/// Asked for once more, a lost answer is given again: the state says what was done.
ErrorCode Transactions::end_as_v1(Turn& turn, const wire::end_txn::Request& request) {
    const ErrorCode error = check(request.transactional_id, request.producer_id, request.producer_epoch);
    if (error != ErrorCode::none) return error;
    const TransactionRow& row = *find(request.transactional_id);
    const State state = end_state(request.committed);
    if (row.state == State::ongoing)
        finish(turn, ended(row, state), row.epoch);
    else if (row.state != state)
        return ErrorCode::invalid_txn_state;
    return ErrorCode::none;
}

/// Here the epoch says whether it is asked for once more. Who does not know whether it has begun a transaction may abort it.
ErrorCode Transactions::end_as_v2(Turn& turn, const wire::end_txn::Request& request) {
    if (request.transactional_id.empty()) return ErrorCode::invalid_request;
    const TransactionRow* row = find(request.transactional_id);
    if (!row) return ErrorCode::invalid_producer_id_mapping;
    const State state = end_state(request.committed);
    if (is_complete(*row) && had_before(*row, request.producer_id, request.producer_epoch))
        return row->state == state ? ErrorCode::none : ErrorCode::invalid_txn_state;
    if (request.producer_id != row->producer_id) {
        const bool was_its = request.producer_id == row->previous_producer_id && request.producer_id >= 0;
        return was_its ? ErrorCode::producer_fenced : ErrorCode::invalid_producer_id_mapping;
    }
    if (request.producer_epoch != row->epoch) return ErrorCode::producer_fenced;
    if (row->state != State::ongoing && request.committed) return ErrorCode::invalid_txn_state;
    TransactionRow next = ended(*row, state);
    if (row->state != State::ongoing) next.start_ms = turn.now.ms;
    advance(next, turn.new_producer_id);
    finish(turn, std::move(next), int16_t(row->epoch + 1));
    return ErrorCode::none;
}

/// `next` is the row without the transaction that it has now, if that is open.
void Transactions::finish(Turn& turn, TransactionRow next, int16_t marker_epoch) {
    const std::string id = next.transactional_id;
    const TransactionRow& row = *find(id);
    if (row.state != State::ongoing) return write(turn, std::move(next));
    End end;
    end.transactional_id = id;
    end.producer_id = row.producer_id;
    end.epoch = marker_epoch;
    end.committed = next.state == State::complete_commit;
    for (const AddedPartition& added : row.partitions)
        if (turn.topics.by_id(added.id.topic_id)) end.partitions.push_back({added.id, added.first_offset});
    end.offsets = take_offsets(turn, id, end.committed);
    write_end(turn, std::move(next), std::move(end));
}

void Transactions::write_end(Turn& turn, TransactionRow next, End end) {
    write(turn, std::move(next));
    for (EndedPartition& p : end.partitions)
        p.first_left_open = first_offset_left_open(p.id).value_or(no_offset);
    turn.effects.ends.push_back(std::move(end));
}

std::vector<std::string> Transactions::due(Time now, size_t most) const {
    std::vector<std::string> ids;
    for (const auto& [time, id] : time_outs_) {
        if (time > now || ids.size() == most) break;
        ids.push_back(id);
    }
    return ids;
}

/// Its producer may go on after it: it is told its new epoch if it asks for it, or aborts what is aborted already.
void Transactions::time_out(Turn& turn, const std::string& transactional_id) {
    const Transaction* transaction = get(transactional_id);
    if (!transaction || !transaction->due || *transaction->due > turn.now.time) return;
    const int16_t epoch = transaction->row.epoch;
    TransactionRow next = ended(transaction->row, State::complete_abort);
    advance(next, turn.new_producer_id);
    finish(turn, std::move(next), int16_t(epoch + 1));
}

bool Transactions::is_ongoing(const std::string& transactional_id) const {
    const TransactionRow* row = find(transactional_id);
    return row && row->state == State::ongoing;
}

void Transactions::put_off(const std::string& transactional_id, Time until) {
    Transaction* transaction = get(transactional_id);
    if (transaction && transaction->due) set_due(*transaction, std::max(*transaction->due, until));
}

std::vector<PartitionId> Transactions::partitions_of(const std::string& transactional_id) const {
    std::vector<PartitionId> partitions;
    if (const TransactionRow* row = find(transactional_id))
        for (const AddedPartition& added : row->partitions) partitions.push_back(added.id);
    return partitions;
}

void Transactions::write_markers(Turn& turn, const Caller& caller,
                                 const wire::write_txn_markers::Request& request) {
    wire::write_txn_markers::Response response;
    for (const auto& marker : request.markers) {
        auto& result = response.markers.emplace_back();
        result.producer_id = marker.producer_id;
        std::vector<PartitionId> to_end;
        for (const auto& topic : marker.topics) {
            auto& answered = result.topics.emplace_back();
            answered.name = topic.name;
            for (const int32_t index : topic.partition_indexes) {
                const auto partition = find_partition(turn.topics, topic.name, index);
                const ErrorCode code =
                    partition ? may_write_marker(marker, *partition) : ErrorCode::unknown_topic_or_partition;
                if (code == ErrorCode::none) to_end.push_back(*partition);
                answered.partitions.push_back({index, code});
            }
        }
        write_marker(turn, marker, to_end);
    }
    turn.effects.reply(caller.ticket, std::move(response));
}

/// Where nothing is open there is nothing to be said against it.
ErrorCode Transactions::may_write_marker(const wire::write_txn_markers::WritableTxnMarker& marker,
                                         const PartitionId& partition) const {
    if (!is_open(marker.producer_id, partition)) return ErrorCode::none;
    const TransactionRow& row = of_producer(marker.producer_id)->row;
    if (!may_end(marker, row.epoch)) return ErrorCode::invalid_producer_epoch;
    return marker.coordinator_epoch < coordinator_epoch ? ErrorCode::transaction_coordinator_fenced
                                                        : ErrorCode::none;
}

void Transactions::write_marker(Turn& turn, const wire::write_txn_markers::WritableTxnMarker& marker,
                                std::vector<PartitionId> partitions) {
    std::sort(partitions.begin(), partitions.end());
    const Transaction* transaction = of_producer(marker.producer_id);
    if (!transaction) return;
    TransactionRow next = transaction->row;
    End end;
    end.transactional_id = next.transactional_id;
    end.producer_id = marker.producer_id;
    end.epoch = marker.producer_epoch;
    end.committed = marker.transaction_result;
    end.coordinator_epoch = marker.coordinator_epoch;
    for (AddedPartition& added : next.partitions) {
        if (added.first_offset == no_offset) continue;
        if (!std::binary_search(partitions.begin(), partitions.end(), added.id)) continue;
        end.partitions.push_back({added.id, added.first_offset});
        added.first_offset = no_offset;
    }
    if (!end.partitions.empty()) write_end(turn, std::move(next), std::move(end));
}

void Transactions::topic_deleted(Turn& turn, const wire::Uuid& topic_id) {
    const auto is_of_topic = [&](const AddedPartition& added) { return added.id.topic_id == topic_id; };
    std::vector<TransactionRow> changed;
    for (const auto& [due, id] : time_outs_) {
        const TransactionRow& row = *find(id);
        if (std::none_of(row.partitions.begin(), row.partitions.end(), is_of_topic)) continue;
        TransactionRow& next = changed.emplace_back(row);
        std::erase_if(next.partitions, is_of_topic);
    }
    for (TransactionRow& next : changed) write(turn, std::move(next));
    std::vector<PendingKey> of_topic;
    for (const auto& [key, ids] : pending_)
        if (key.partition.topic_id == topic_id)
            for (const std::string& id : ids) of_topic.push_back({id, key});
    remove_pending(turn, of_topic);
}

} // namespace kafka::txn
