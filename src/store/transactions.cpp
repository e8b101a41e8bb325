// See transactions.h. A transactional id that is stored already, nearly every one, is replaced without a statement.
#include "store/transactions.h"

#include "pg/keyed_update.h"
#include "store/table.h"

namespace kafka::store {
namespace {

using txn::PendingOffsetRow, txn::State, txn::TransactionRow;

constexpr const char* state_names[] = {"Empty", "Ongoing", "CompleteCommit", "CompleteAbort"};

State state_of(const std::string& name) {
    for (const State state : {State::ongoing, State::complete_commit, State::complete_abort})
        if (name == state_names[size_t(state)]) return state;
    return State::empty;
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

TransactionRow read_transaction(const pg::Result& rows, size_t i) {
    TransactionRow row;
    row.transactional_id = rows.text(i, 0);
    row.producer_id = rows.int64(i, 1);
    row.epoch = int16_t(rows.int32(i, 2));
    row.last_epoch = int16_t(rows.int32(i, 3));
    row.previous_producer_id = rows.int64(i, 4);
    row.timeout_ms = rows.int32(i, 5);
    row.state = state_of(rows.text(i, 6));
    const auto topics = rows.uuid_array(i, 7);
    const auto partitions = rows.int32_array(i, 8);
    const auto first_offsets = rows.int64_array(i, 9);
    const size_t count = std::min({topics.size(), partitions.size(), first_offsets.size()});
    for (size_t p = 0; p < count; p++)
        row.partitions.push_back({{topics[p], partitions[p]}, first_offsets[p]});
    row.groups = rows.text_array(i, 10);
    row.start_ms = rows.int64(i, 11);
    row.update_ms = rows.int64(i, 12);
    return row;
}

PendingOffsetRow read_offset(const pg::Result& rows, size_t i) {
    PendingOffsetRow row;
    row.key = {rows.text(i, 0), {rows.text(i, 1), {rows.uuid(i, 2), rows.int32(i, 3)}}};
    row.offset = rows.int64(i, 4);
    row.leader_epoch = rows.int32(i, 5);
    row.metadata = rows.text(i, 6);
    row.commit_timestamp_ms = rows.int64(i, 7);
    row.number = rows.int64(i, 8);
    return row;
}

template <class Take, class Read>
void load_rows(const std::string& query, std::initializer_list<pg::Value> values, const Take& take,
               Read read) {
    pg::Statement statement(query);
    statement.open(values).each_row([&](const pg::Result& rows, size_t i) { take(read(rows, i)); });
}

void load_all(const std::string& where, std::initializer_list<pg::Value> values,
              const Transactions::TakeTransaction& take_transaction,
              const Transactions::TakeOffset& take_offset) {
    load_rows("SELECT " + names(transaction_columns) + " FROM kafka.transaction" + where, values,
              take_transaction, read_transaction);
    load_rows("SELECT " + names(offset_columns) + " FROM kafka.pending_offset" + where, values, take_offset,
              read_offset);
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
    pg::KeyedUpdate stored({"kafka", "transaction", 1});
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

std::vector<AbortedTransaction> Transactions::aborted(const txn::PartitionId& partition, int64_t from,
                                                      int64_t to) {
    constexpr int64_t portion = 100;
    std::vector<AbortedTransaction> found;
    pg::Cursor cursor = aborted_.open({partition.topic_id, partition.partition, from});
    for (bool more = true; more;) {
        const pg::Result rows = cursor.fetch(portion);
        more = rows.size() == size_t(portion);
        for (size_t i = 0; i < rows.size(); i++) {
            const AbortedTransaction a{partition, rows.int64(i, 0), rows.int64(i, 1), rows.int64(i, 2),
                                       rows.int64(i, 3)};
            if (a.first_offset < to) found.push_back(a);
            if (a.last_stable_offset >= to) return found;
        }
    }
    return found;
}

} // namespace kafka::store
