// See producers.h. A producer that is stored already, nearly every one, is replaced without a statement.
#include "store/producers.h"

#include "pg/keyed_update.h"
#include "store/table.h"

namespace kafka::store {
namespace {

/// Of a producer's batches, column by column.
struct Columns {
    std::vector<int32_t> first_sequences, last_sequences;
    std::vector<int64_t> base_offsets, timestamps;

    explicit Columns(const log::Producer& producer) {
        for (const log::ProducedBatch& batch : producer.batches()) {
            first_sequences.push_back(batch.first_sequence);
            last_sequences.push_back(batch.last_sequence);
            base_offsets.push_back(batch.base_offset);
            timestamps.push_back(batch.timestamp);
        }
    }
};

log::Producer read_producer(const pg::Result& rows, size_t i) {
    log::Producer producer;
    producer.epoch = int16_t(rows.int32(i, 3));
    producer.coordinator_epoch = rows.int32(i, 4);
    const auto first = rows.int32_array(i, 5), last = rows.int32_array(i, 6);
    const auto base_offsets = rows.int64_array(i, 7), timestamps = rows.int64_array(i, 8);
    const size_t batches = std::min({first.size(), last.size(), base_offsets.size(), timestamps.size()});
    for (size_t b = 0; b < batches; b++) producer.add({first[b], last[b], base_offsets[b], timestamps[b]});
    producer.timestamp = rows.int64(i, 9);
    producer.appended_ms = rows.int64(i, 10);
    return producer;
}

constexpr std::string_view columns[] = {
    "topic_id",       "partition",    "producer_id", "epoch",          "coordinator_epoch", "first_sequences",
    "last_sequences", "base_offsets", "timestamps",  "last_timestamp", "appended_ms"};
constexpr Table table{"producer", columns, 3};

} // namespace

Producers::Producers()
    : put_(upsert_one(table)), remove_(remove_rows(table)),
      put_snapshot_("INSERT INTO kafka.producer_snapshot (topic_id, offsets) VALUES ($1, $2)"
                    " ON CONFLICT (topic_id) DO UPDATE SET offsets = excluded.offsets") {}

ProducerSnapshot Producers::load(const wire::Uuid& topic) {
    ProducerSnapshot snapshot;
    const pg::Result offsets =
        pg::execute("SELECT offsets FROM kafka.producer_snapshot WHERE topic_id = $1", {topic});
    if (!offsets.empty()) snapshot.offsets = offsets.int64_array(0, 0);
    pg::Statement statement("SELECT " + names(columns) + " FROM kafka.producer WHERE topic_id = $1");
    statement.open({topic}).each_row([&](const pg::Result& rows, size_t i) {
        snapshot.rows.push_back({rows.int32(i, 1), rows.int64(i, 2), read_producer(rows, i)});
    });
    return snapshot;
}

void Producers::store(const wire::Uuid& topic, const ProducerSnapshot& snapshot) {
    if (!snapshot.rows.empty()) put(topic, snapshot.rows);
    put_snapshot_.execute({topic, std::span<const int64_t>(snapshot.offsets)});
}

void Producers::put(const wire::Uuid& topic, const std::vector<ProducerRow>& rows) {
    std::vector<pg::Uuid> topics;
    std::vector<int32_t> partitions;
    std::vector<int64_t> gone; // producers that are to be removed
    pg::KeyedUpdate stored({"kafka", "producer", 3});
    for (const ProducerRow& row : rows) {
        if (!row.producer) {
            topics.push_back(topic);
            partitions.push_back(row.partition);
            gone.push_back(row.producer_id);
            continue;
        }
        const Columns c(*row.producer);
        const std::initializer_list<pg::Value> values = {topic,
                                                         row.partition,
                                                         row.producer_id,
                                                         int32_t(row.producer->epoch),
                                                         row.producer->coordinator_epoch,
                                                         std::span<const int32_t>(c.first_sequences),
                                                         std::span<const int32_t>(c.last_sequences),
                                                         std::span<const int64_t>(c.base_offsets),
                                                         std::span<const int64_t>(c.timestamps),
                                                         row.producer->timestamp,
                                                         row.producer->appended_ms};
        if (!stored.replace(values)) put_.execute(values);
    }
    stored.finish();
    if (!gone.empty())
        remove_.execute({std::span<const pg::Uuid>(topics), std::span<const int32_t>(partitions),
                         std::span<const int64_t>(gone)});
}

int64_t ProducerIds::next() {
    if (next_ == end_) {
        pg::Transaction transaction;
        const pg::Result block =
            pg::execute("SELECT pg_catalog.nextval(s.seqrelid), s.seqincrement FROM pg_catalog.pg_sequence s"
                        " WHERE s.seqrelid = 'kafka.producer_id_seq'::pg_catalog.regclass");
        const int64_t first = block.int64(0, 0), ids = block.int64(0, 1);
        transaction.commit(pg::Durability::server); // a standby that takes over must not give them out again
        next_ = first;
        end_ = first + ids;
    }
    return next_++;
}

} // namespace kafka::store
