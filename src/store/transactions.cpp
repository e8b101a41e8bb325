// See transactions.h. A transactional id that is stored already, nearly every one, is replaced without a statement.
#include "store/transactions.h"

#include "pg/keyed_update.h"
#include "store/checked_row.h"
#include "store/table.h"
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

constexpr std::string_view transaction_columns[] = {
    "transactional_id", "producer_id", "epoch",    "last_epoch", "previous_producer_id",
    "timeout_ms",       "state",       "topics",   "partitions", "first_offsets",
    "groups",           "start_ms",    "update_ms"};
constexpr std::string_view offset_columns[] = {"transactional_id", "group_id",         "topic_id",
                                               "partition",        "committed_offset", "leader_epoch",
                                               "metadata",         "commit_ms",        "number"};
constexpr std::string_view aborted_columns[] = {"topic_id",    "partition",    "last_offset",
                                                "producer_id", "first_offset", "last_stable_offset"};
constexpr Table transaction_table{"transaction", transaction_columns, 1};
constexpr Table offset_table{"pending_offset", offset_columns, 4};
/// One that is there already is of a marker that was lost.
constexpr Table aborted_table{"aborted_transaction", aborted_columns, 3};

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
    const int32_t partition = in.int32(3, std::numeric_limits<int32_t>::min());
    in.expect(partition >= 0);
    row.key = {in.text(0), {in.text(1), {in.uuid(2), partition}}};
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
    pg::Statement select_offsets("SELECT " + names(offset_columns) + " FROM kafka.pending_offset" + where);
    each_checked_row(select_offsets.open(values), "kafka.pending_offset",
                     "Their transactions, if they are open, will be aborted.", [&](CheckedRow& in) {
                         offsets.push_back(read_offset(in));
                         if (in.damaged()) lost.insert(offsets.back().key.transactional_id);
                     });
    pg::Statement select_transactions("SELECT " + names(transaction_columns) + " FROM kafka.transaction" +
                                      where);
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

/// Of pending offsets, column by column.
struct OffsetColumns {
    std::vector<std::string> transactional_ids, groups, metadata;
    std::vector<pg::Uuid> topics;
    std::vector<int32_t> partitions, leader_epochs;
    std::vector<int64_t> offsets, commit_times, numbers;

    void add_key(const txn::PendingKey& key) {
        transactional_ids.push_back(key.transactional_id);
        groups.push_back(key.offset.group_id);
        topics.push_back(key.offset.partition.topic_id);
        partitions.push_back(key.offset.partition.partition);
    }
    void add(const PendingOffsetRow& row) {
        add_key(row.key);
        offsets.push_back(row.offset);
        leader_epochs.push_back(row.leader_epoch);
        metadata.push_back(row.metadata);
        commit_times.push_back(row.commit_timestamp_ms);
        numbers.push_back(row.number);
    }
};

template <class T> std::span<const T> all_of(const std::vector<T>& values) { return values; }

} // namespace

Transactions::Transactions()
    : put_transaction_(upsert_one(transaction_table)), remove_transactions_(remove_rows(transaction_table)),
      put_offsets_(upsert_many(offset_table)), remove_offsets_(remove_rows(offset_table)),
      put_aborted_(upsert_one(aborted_table)),
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
    std::vector<std::string> gone;
    pg::KeyedUpdate stored({"kafka", "transaction", 1, "catalog_changed"});
    for (const auto& [id, row] : transactions) {
        if (row.removed) {
            gone.push_back(id);
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
    if (!gone.empty()) remove_transactions_.execute({all_of(gone)});
}

void Transactions::write(const std::map<txn::PendingKey, PendingOffsetRow>& offsets) {
    OffsetColumns put, gone;
    for (const auto& [key, row] : offsets)
        if (row.removed)
            gone.add_key(key);
        else
            put.add(row);
    if (!gone.partitions.empty())
        remove_offsets_.execute({all_of(gone.transactional_ids), all_of(gone.groups), all_of(gone.topics),
                                 all_of(gone.partitions)});
    if (!put.partitions.empty())
        put_offsets_.execute({all_of(put.transactional_ids), all_of(put.groups), all_of(put.topics),
                              all_of(put.partitions), all_of(put.offsets), all_of(put.leader_epochs),
                              all_of(put.metadata), all_of(put.commit_times), all_of(put.numbers)});
}

void Transactions::write(const std::vector<AbortedTransaction>& aborted) {
    for (const AbortedTransaction& a : aborted)
        put_aborted_.execute({a.partition.topic_id, a.partition.partition, a.last_offset, a.producer_id,
                              a.first_offset, a.last_stable_offset});
}

/// Whatever ended after a transaction began at its last stable offset or above.
log::AbortedStretch Transactions::aborted(const txn::PartitionId& partition, int64_t from, int64_t to) {
    constexpr int64_t portion = 100;
    log::AbortedStretch found{{}, from, from};
    pg::Cursor cursor = aborted_.open({partition.topic_id, partition.partition, from});
    while (found.until < to) {
        const pg::Result rows = cursor.fetch(portion);
        for (size_t i = 0; i < rows.size(); i++) {
            CheckedRow in(rows, i);
            const log::Aborted a{in.int64(0, 0), in.int64(1, 0), in.int64(2, 0)};
            const int64_t stable = in.int64(3, 0);
            if (in.damaged()) continue;
            found.transactions.push_back(a);
            found.until = stable;
        }
        if (rows.size() < size_t(portion)) found.until = INT64_MAX;
    }
    return found;
}

} // namespace kafka::store
