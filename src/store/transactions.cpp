// See transactions.h. A transactional id that is stored already, nearly every one, is replaced without a statement.
#include "store/transactions.h"

#include "pg/keyed_update.h"
#include "store/checked_row.h"
#include "txn/epochs.h"
#include "txn/rows.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <set>

namespace kafka::store {
namespace {

using txn::PendingOffsetRow, txn::State, txn::TransactionRow;

constexpr const char* state_names[] = {"Empty", "Ongoing", "CompleteCommit", "CompleteAbort"};

std::optional<State> state_of(const std::string& name) {
    const auto found = std::find(std::begin(state_names), std::end(state_names), name);
    if (found == std::end(state_names)) return std::nullopt;
    return State(found - std::begin(state_names));
}

constexpr const char* transaction_columns =
    "transactional_id, producer_id, epoch, last_epoch, previous_producer_id, timeout_ms, state, topics, "
    "partitions, first_offsets, groups, start_ms, update_ms";
constexpr const char* offset_columns = "transactional_id, group_id, topic_id, partition, committed_offset, "
                                       "leader_epoch, metadata, commit_ms, number";

/// A transaction's partitions, column by column.
struct Partitions {
    std::vector<pg::Uuid> topics;
    std::vector<int32_t> partitions;
    std::vector<int64_t> first_offsets;

    explicit Partitions(const TransactionRow& row) {
        for (const txn::AddedPartition& added : row.partitions) {
            topics.push_back(added.id.topic_id);
            partitions.push_back(added.id.partition);
            first_offsets.push_back(added.first_offset);
        }
    }
};

template <class T> void sort_unique(std::vector<T>& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
}

std::vector<txn::AddedPartition> read_partitions(CheckedRow& in) {
    const auto topics = in.uuid_array(7);
    const auto numbers = in.int32_array(8);
    const auto first_offsets = in.int64_array(9);
    in.expect(topics.size() == numbers.size() && numbers.size() == first_offsets.size());
    std::map<txn::PartitionId, int64_t> found;
    for (size_t i = 0; i < std::min({topics.size(), numbers.size(), first_offsets.size()}); i++) {
        const bool possible = numbers[i] >= 0 && first_offsets[i] >= txn::no_offset;
        in.expect(possible);
        if (possible) found[{topics[i], numbers[i]}] = first_offsets[i];
    }
    std::vector<txn::AddedPartition> partitions;
    for (const auto& [id, first_offset] : found) partitions.push_back({id, first_offset});
    return partitions;
}

/// None if it cannot be told whose it is.
std::optional<TransactionRow> read_transaction(CheckedRow& in) {
    TransactionRow row;
    row.transactional_id = in.text(0);
    row.producer_id = in.int64(1, 0);
    if (in.damaged()) return std::nullopt;
    row.epoch = int16_t(in.int32(2, 0, txn::last_usable_epoch));
    row.last_epoch = int16_t(in.int32(3, txn::no_epoch, txn::last_usable_epoch));
    row.previous_producer_id = in.int64(4, txn::no_producer_id);
    row.timeout_ms = in.int32(5, 1);
    const auto state = state_of(in.text(6));
    row.partitions = read_partitions(in);
    row.groups = in.text_array(10);
    sort_unique(row.groups);
    const bool lists = !row.partitions.empty() || !row.groups.empty();
    row.state = state.value_or(lists ? State::ongoing : State::empty);
    in.expect(state && (row.state == State::ongoing || !lists));
    if (row.state != State::ongoing) row = txn::ended(row, row.state);
    row.start_ms = in.int64(11, -1);
    row.update_ms = in.int64(12, 0);
    return row;
}

/// Its open transaction is due at once, and nobody may commit it before.
TransactionRow mended(TransactionRow row) {
    if (row.state != State::ongoing) return row;
    row.start_ms = 0;
    if (!txn::is_exhausted(row.epoch)) row.epoch++;
    return row;
}

PendingOffsetRow read_offset(CheckedRow& in) {
    constexpr int64_t most_number = std::numeric_limits<int64_t>::max() / 2; // others are yet to come
    PendingOffsetRow row;
    row.key = {in.text(0), {in.text(1), {in.uuid(2), in.int32(3, 0)}}};
    row.offset = in.int64(4, std::numeric_limits<int64_t>::min());
    row.leader_epoch = in.int32(5, std::numeric_limits<int32_t>::min());
    row.metadata = in.text(6);
    row.commit_timestamp_ms = in.int64(7, 0);
    row.number = in.int64(8, 0, most_number);
    return row;
}

void load_all(const std::string& where, std::initializer_list<pg::Value> values,
              const Transactions::TakeTransaction& take_transaction,
              const Transactions::TakeOffset& take_offset) {
    std::vector<PendingOffsetRow> offsets;
    std::set<std::string> lost; ///< transactional ids whose offsets could not all be read
    pg::Statement select_offsets(std::string("SELECT ") + offset_columns + " FROM kafka.pending_offset" +
                                 where);
    each_checked_row(select_offsets.open(values), "kafka.pending_offset",
                     "Their transactions, if they are open, will be aborted.", [&](CheckedRow& in) {
                         PendingOffsetRow row = read_offset(in);
                         if (in.damaged())
                             lost.insert(row.key.transactional_id);
                         else
                             offsets.push_back(std::move(row));
                     });
    pg::Statement select_transactions(std::string("SELECT ") + transaction_columns +
                                      " FROM kafka.transaction" + where);
    each_checked_row(select_transactions.open(values), "kafka.transaction",
                     "Transactions that are open will be aborted; rows without producer are passed over.",
                     [&](CheckedRow& in) {
                         auto row = read_transaction(in);
                         if (!row) return;
                         const bool whole = !in.damaged() && !lost.contains(row->transactional_id);
                         take_transaction(whole ? *row : mended(std::move(*row)));
                     });
    for (const PendingOffsetRow& row : offsets) take_offset(row);
}

} // namespace

Transactions::Transactions()
    : put_transaction_(std::string("INSERT INTO kafka.transaction (") + transaction_columns +
                       ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
                       " ON CONFLICT (transactional_id) DO UPDATE SET (producer_id, epoch, last_epoch,"
                       " previous_producer_id, timeout_ms, state, topics, partitions, first_offsets, groups,"
                       " start_ms, update_ms) = (excluded.producer_id, excluded.epoch, excluded.last_epoch,"
                       " excluded.previous_producer_id, excluded.timeout_ms, excluded.state, excluded.topics,"
                       " excluded.partitions, excluded.first_offsets, excluded.groups, excluded.start_ms,"
                       " excluded.update_ms)"),
      remove_transaction_("DELETE FROM kafka.transaction WHERE transactional_id = $1"),
      put_offset_(
          std::string("INSERT INTO kafka.pending_offset (") + offset_columns +
          ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
          " ON CONFLICT (transactional_id, group_id, topic_id, partition) DO UPDATE SET"
          " (committed_offset, leader_epoch, metadata, commit_ms, number) = (excluded.committed_offset,"
          " excluded.leader_epoch, excluded.metadata, excluded.commit_ms, excluded.number)"),
      remove_offset_("DELETE FROM kafka.pending_offset WHERE transactional_id = $1 AND group_id = $2 AND"
                     " topic_id = $3 AND partition = $4"),
      put_aborted_("INSERT INTO kafka.aborted_transaction (topic_id, partition, last_offset, producer_id,"
                   " first_offset, last_stable_offset) VALUES ($1, $2, $3, $4, $5, $6)"
                   " ON CONFLICT (topic_id, partition, last_offset) DO UPDATE SET (producer_id, first_offset,"
                   " last_stable_offset) = (excluded.producer_id, excluded.first_offset,"
                   " excluded.last_stable_offset)"), // somebody else may have said something of this offset
      aborted_("SELECT producer_id, first_offset, last_offset, last_stable_offset"
               " FROM kafka.aborted_transaction WHERE topic_id = $1 AND partition = $2 AND last_offset >= $3"
               " ORDER BY last_offset") {}

void Transactions::load(const TakeTransaction& take_transaction, const TakeOffset& take_offset) {
    load_all("", {}, take_transaction, take_offset);
}

void Transactions::load(const std::vector<std::string>& transactional_ids,
                        const TakeTransaction& take_transaction, const TakeOffset& take_offset) {
    load_all(" WHERE transactional_id = ANY ($1)", {std::span<const std::string>(transactional_ids)},
             take_transaction, take_offset);
}

void Transactions::write(const std::map<std::string, TransactionRow>& transactions) {
    if (transactions.empty()) return;
    pg::KeyedUpdate stored({"kafka", "transaction", 1, "catalog_changed"});
    for (const auto& [id, row] : transactions) {
        if (row.removed) {
            remove_transaction_.execute({std::string_view(id)});
            continue;
        }
        const Partitions p(row);
        const std::initializer_list<pg::Value> values = {std::string_view(id),
                                                         row.producer_id,
                                                         int32_t(row.epoch),
                                                         int32_t(row.last_epoch),
                                                         row.previous_producer_id,
                                                         row.timeout_ms,
                                                         std::string_view(state_names[size_t(row.state)]),
                                                         std::span<const pg::Uuid>(p.topics),
                                                         std::span<const int32_t>(p.partitions),
                                                         std::span<const int64_t>(p.first_offsets),
                                                         std::span<const std::string>(row.groups),
                                                         row.start_ms,
                                                         row.update_ms};
        if (!stored.replace(values)) put_transaction_.execute(values);
    }
    stored.finish();
}

void Transactions::write(const std::map<txn::PendingKey, PendingOffsetRow>& offsets) {
    for (const auto& [key, row] : offsets) {
        const txn::PartitionId& partition = key.offset.partition;
        const std::string_view id = key.transactional_id, group = key.offset.group_id;
        if (row.removed)
            remove_offset_.execute({id, group, partition.topic_id, partition.partition});
        else
            put_offset_.execute({id, group, partition.topic_id, partition.partition, row.offset,
                                 row.leader_epoch, std::string_view(row.metadata), row.commit_timestamp_ms,
                                 row.number});
    }
}

void Transactions::write(const std::vector<AbortedTransaction>& aborted) {
    for (const AbortedTransaction& a : aborted)
        put_aborted_.execute({a.partition.topic_id, a.partition.partition, a.last_offset, a.producer_id,
                              a.first_offset, a.last_stable_offset});
}

std::vector<AbortedTransaction> Transactions::aborted(const txn::PartitionId& partition, int64_t from,
                                                      int64_t to) {
    constexpr int64_t portion = 100;
    std::vector<AbortedTransaction> found;
    pg::Cursor cursor = aborted_.open({partition.topic_id, partition.partition, from});
    for (bool more = true; more;) {
        const pg::Result rows = cursor.fetch(portion);
        more = rows.size() == size_t(portion);
        for (size_t i = 0; i < rows.size(); i++) {
            CheckedRow in(rows, i);
            const AbortedTransaction a{partition, in.int64(0, 0), in.int64(1, 0), in.int64(2, 0),
                                       in.int64(3, 0)};
            if (in.damaged()) continue;
            if (a.first_offset < to) found.push_back(a);
            if (a.last_stable_offset >= to) return found;
        }
    }
    return found;
}

} // namespace kafka::store
