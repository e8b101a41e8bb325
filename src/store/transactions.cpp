// See transactions.h. A transactional id that is stored already, nearly every one, is replaced without a statement.
#include "store/transactions.h"

#include "pg/keyed_update.h"

namespace kafka::store {
namespace {

using txn::PendingOffsetRow, txn::State, txn::TransactionRow;

constexpr const char* state_names[] = {"Empty", "Ongoing", "CompleteCommit", "CompleteAbort"};

State state_of(const std::string& name) {
    for (const State state : {State::ongoing, State::complete_commit, State::complete_abort})
        if (name == state_names[size_t(state)]) return state;
    return State::empty;
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
    load_rows(std::string("SELECT ") + transaction_columns + " FROM kafka.transaction" + where, values,
              take_transaction, read_transaction);
    load_rows(std::string("SELECT ") + offset_columns + " FROM kafka.pending_offset" + where, values,
              take_offset, read_offset);
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
                   " first_offset, last_stable_offset) VALUES ($1, $2, $3, $4, $5, $6)"),
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
            const AbortedTransaction a{partition, rows.int64(i, 0), rows.int64(i, 1), rows.int64(i, 2),
                                       rows.int64(i, 3)};
            if (a.first_offset < to) found.push_back(a);
            if (a.last_stable_offset >= to) return found;
        }
    }
    return found;
}

} // namespace kafka::store
