// See producer_reader.h.
#include "sql/producer_reader.h"

#include "pg/settings.h"
#include "sql/stored_table.h"
#include "sql/timestamps.h"
#include "store/stored_producer.h"

#include <vector>

extern "C" {
#include "catalog/pg_type_d.h"
}

namespace kafka::sql {
namespace {

// Server code, run inside pg::call.

void load_producers(Snapshot snapshot, const txn::PartitionId& partition, store::StoredProducer& stored,
                    log::Producers& producers) {
    const Relation table = open_stored_table("producer");
    const AttrNumber id = column_number(table, "producer_id", INT8OID);
    const AttrNumber epoch = column_number(table, "epoch", INT4OID);
    const AttrNumber coordinator_epoch = column_number(table, "coordinator_epoch", INT4OID);
    const AttrNumber first_sequences = column_number(table, "first_sequences", INT4ARRAYOID);
    const AttrNumber last_sequences = column_number(table, "last_sequences", INT4ARRAYOID);
    const AttrNumber base_offsets = column_number(table, "base_offsets", INT8ARRAYOID);
    const AttrNumber timestamps = column_number(table, "timestamps", INT8ARRAYOID);
    const AttrNumber last_timestamp = column_number(table, "last_timestamp", INT8OID);
    const AttrNumber appended_ms = column_number(table, "appended_ms", INT8OID);
    ScanKeyData of_partition[] = {equal_to(column_number(table, "topic_id", UUIDOID), partition.topic_id),
                                  equal_to(column_number(table, "partition", INT4OID), partition.partition)};
    for_each_row(table, snapshot, of_partition, [&](HeapTuple row) {
        const auto copy = [&](AttrNumber column, auto& to) { return copy_stored(table, row, column, to); };
        const bool whole =
            copy(id, stored.producer_id) && copy(epoch, stored.epoch) &&
            copy(coordinator_epoch, stored.coordinator_epoch) &&
            copy(first_sequences, stored.first_sequences) && copy(last_sequences, stored.last_sequences) &&
            copy(base_offsets, stored.base_offsets) && copy(timestamps, stored.timestamps) &&
            copy(last_timestamp, stored.last_timestamp) && copy(appended_ms, stored.appended_ms);
        if (!whole) return;
        if (const auto producer = stored.producer()) producers.load(stored.producer_id, *producer);
    });
    close_stored_table(table);
}

void load_offsets(Snapshot snapshot, const wire::Uuid& topic, std::vector<int64_t>& to) {
    const Relation table = open_stored_table("producer_snapshot");
    const AttrNumber offsets = column_number(table, "offsets", INT8ARRAYOID);
    to.clear();
    ScanKeyData of_topic[] = {equal_to(column_number(table, "topic_id", UUIDOID), topic)};
    for_each_row(table, snapshot, of_topic, [&](HeapTuple row) { copy_stored(table, row, offsets, to); });
    close_stored_table(table);
    if (!store::can_be_ends(to)) to.clear();
}

} // namespace

void ProducerReader::restart(Bounds bounds) {
    close();
    bounds_ = std::move(bounds);
    walk_.restart(bounds_);
    left_.clear();
}

bool ProducerReader::next(Row& row) {
    while (left_.empty())
        if (!next_partition()) return false;
    const auto next = left_.extract(left_.begin());
    const log::Producer& producer = next.mapped();
    row.topic = &walk_.topic().name;
    row.partition = walk_.partition().index;
    row.producer_id = next.key();
    row.producer_epoch = producer.epoch;
    row.last_sequence = producer.batches().empty() ? -1 : producer.batches().back().last_sequence;
    row.last_timestamp = producer.timestamp;
    row.transaction_start_offset = open_.first_offset(partition_id(), row.producer_id);
    return true;
}

txn::PartitionId ProducerReader::partition_id() const { return {walk_.topic().id, walk_.partition().index}; }

bool ProducerReader::next_partition() {
    if (!walk_.next()) return false;
    const txn::PartitionId partition = partition_id();
    log::Producers producers;
    store::StoredProducer stored;
    pg::call([&, this] {
        load_producers(snapshot_, partition, stored, producers);
        if (stored_of_ != partition.topic_id) load_offsets(snapshot_, partition.topic_id, stored_to_);
    });
    stored_of_ = partition.topic_id;
    const size_t index = size_t(partition.partition);
    const int64_t now_ms = sql::now_ms();
    append_logged(producers, index < stored_to_.size() ? stored_to_[index] : 0, now_ms);
    producers.expire(now_ms - pg::current_settings().producer_id_expiration_ms,
                     [&, this](int64_t id) { return open_.first_offset(partition, id).has_value(); });
    producers.each([this](int64_t id, const log::Producer& producer) { left_.emplace(id, producer); });
    return true;
}

/// What is in the log from that offset on.
void ProducerReader::append_logged(log::Producers& producers, int64_t from, int64_t now_ms) {
    const int32_t partition = walk_.partition().index;
    const auto& segments = walk_.topic().segments;
    for (size_t i = 0; i < segments.size(); i++) {
        const bool ends_before = i + 1 < segments.size() && segments[i + 1].start_offset(partition) <= from;
        if (ends_before || !table_.open(segments[i].id)) continue;
        table_.seek(partition, from);
        while (table_.next()) producers.append_again(table_.start(), now_ms);
        table_.close();
    }
}

} // namespace kafka::sql
