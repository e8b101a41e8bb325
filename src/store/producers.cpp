// See producers.h. A producer that is stored already, nearly every one, is replaced without a statement.
#include "store/producers.h"

#include "pg/keyed_update.h"
#include "store/checked_row.h"
#include "store/table.h"

#include <algorithm>
#include <limits>

namespace kafka::store {
namespace {

/// No log ends there or beyond.
constexpr int64_t most_offset = std::numeric_limits<int64_t>::max() / 2;

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

ProducerRow read_producer(CheckedRow& in) {
    using Epoch = std::numeric_limits<int16_t>;
    using Number = std::numeric_limits<int64_t>;
    log::Producer producer;
    const int32_t partition = in.int32(1, 0);
    const int64_t producer_id = in.int64(2, 0);
    producer.epoch = int16_t(in.int32(3, Epoch::min(), Epoch::max()));
    producer.coordinator_epoch = in.int32(4, std::numeric_limits<int32_t>::min());
    const auto first = in.int32_array(5), last = in.int32_array(6);
    const auto base_offsets = in.int64_array(7), timestamps = in.int64_array(8);
    const size_t batches = std::min({first.size(), last.size(), base_offsets.size(), timestamps.size()});
    in.expect(first.size() == batches && last.size() == batches && base_offsets.size() == batches &&
              timestamps.size() == batches);
    for (size_t b = 0; b < batches; b++) producer.add({first[b], last[b], base_offsets[b], timestamps[b]});
    producer.timestamp = in.int64(9, Number::min());
    producer.appended_ms = in.int64(10, Number::min());
    return {partition, producer_id, producer};
}

/// None if one of them cannot be: a partition does not go on below what it is told here.
std::vector<int64_t> read_offsets(CheckedRow& in) {
    std::vector<int64_t> offsets = in.int64_array(0);
    in.expect(std::all_of(offsets.begin(), offsets.end(),
                          [](int64_t offset) { return offset >= 0 && offset < most_offset; }));
    return in.damaged() ? std::vector<int64_t>() : offsets;
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
    pg::Statement offsets("SELECT offsets FROM kafka.producer_snapshot WHERE topic_id = $1");
    each_checked_row(offsets.open({topic}), "kafka.producer_snapshot",
                     "What is known of the topic's producers is told from all of its log.",
                     [&](CheckedRow& in) { snapshot.offsets = read_offsets(in); });
    pg::Statement producers("SELECT " + names(columns) + " FROM kafka.producer WHERE topic_id = $1");
    each_checked_row(producers.open({topic}), "kafka.producer", "These producers are taken for new ones.",
                     [&](CheckedRow& in) {
                         const ProducerRow row = read_producer(in);
                         if (!in.damaged()) snapshot.rows.push_back(row);
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
    pg::KeyedUpdate stored({"kafka", "producer", 3, "catalog_changed"});
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
    if (next_ == end_) take_block();
    return next_++;
}

namespace {

struct Block {
    int64_t first, ids;
};

Block next_block() {
    const pg::Result block =
        pg::execute("SELECT pg_catalog.nextval(s.seqrelid), s.seqincrement FROM pg_catalog.pg_sequence s"
                    " WHERE s.seqrelid = 'kafka.producer_id_seq'::pg_catalog.regclass");
    const Block next{block.int64(0, 0), block.int64(0, 1)};
    if (next.first < 0 || next.ids < 1)
        throw pg::Error("kafka.producer_id_seq gives no blocks of producer ids", "55000");
    return next;
}

/// The id after the largest that is known. Clients may have made up ids, however large they like: those do not count from which
/// there would be no way on.
int64_t after_known_ids() {
    return pg::execute(
               "SELECT COALESCE(pg_catalog.max(k.id) + 1, 0) FROM ("
               "SELECT pg_catalog.max(producer_id) FROM kafka.transaction WHERE producer_id < $1 UNION ALL "
               "SELECT pg_catalog.max(producer_id) FROM kafka.producer WHERE producer_id < $1) AS k(id)",
               {std::numeric_limits<int64_t>::max() / 2})
        .int64(0, 0);
}

} // namespace

void ProducerIds::take_block() {
    pg::Transaction transaction;
    if (end_ == 0) end_ = next_ = after_known_ids();
    Block block = next_block();
    if (block.first < end_) {
        pg::log(pg::Level::log, "pg_kafka sets kafka.producer_id_seq to " + std::to_string(end_) +
                                    ": lower producer ids are in use");
        pg::execute("SELECT pg_catalog.setval('kafka.producer_id_seq', $1, false)", {end_});
        block = next_block();
    }
    transaction.commit(pg::Durability::server); // a standby that takes over must not give them out again
    next_ = block.first;
    end_ = block.first + block.ids;
}

} // namespace kafka::store
