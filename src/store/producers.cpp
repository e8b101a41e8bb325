// See producers.h. A producer that is stored already, nearly every one, is replaced without a statement.
#include "store/producers.h"

#include "pg/keyed_update.h"
#include "store/checked_row.h"
#include "store/stored_producer.h"
#include "store/table.h"

#include <limits>

namespace kafka::store {
namespace {

ProducerRow read_producer(CheckedRow& in) {
    constexpr int32_t any_int32 = std::numeric_limits<int32_t>::min();
    constexpr int64_t any_int64 = std::numeric_limits<int64_t>::min();
    const int32_t partition = in.int32(1, 0);
    StoredProducer row;
    row.producer_id = in.int64(2, any_int64);
    row.epoch = in.int32(3, any_int32);
    row.coordinator_epoch = in.int32(4, any_int32);
    row.first_sequences = in.int32_array(5);
    row.last_sequences = in.int32_array(6);
    row.base_offsets = in.int64_array(7);
    row.timestamps = in.int64_array(8);
    row.last_timestamp = in.int64(9, any_int64);
    row.appended_ms = in.int64(10, any_int64);
    const auto producer = row.producer();
    in.expect(producer.has_value());
    return {partition, row.producer_id, producer};
}

std::vector<int64_t> read_offsets(CheckedRow& in) {
    std::vector<int64_t> offsets = in.int64_array(0);
    in.expect(can_be_ends(offsets));
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
        const StoredProducer p(row.producer_id, *row.producer);
        const std::initializer_list<pg::Value> values = {topic,
                                                         row.partition,
                                                         p.producer_id,
                                                         p.epoch,
                                                         p.coordinator_epoch,
                                                         std::span<const int32_t>(p.first_sequences),
                                                         std::span<const int32_t>(p.last_sequences),
                                                         std::span<const int64_t>(p.base_offsets),
                                                         std::span<const int64_t>(p.timestamps),
                                                         p.last_timestamp,
                                                         p.appended_ms};
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
