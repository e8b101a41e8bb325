// See producers.h. A producer that is stored already, nearly every one, is replaced without a statement.
#include "store/producers.h"

#include "pg/keyed_update.h"
#include "store/checked_row.h"

#include <algorithm>
#include <limits>

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

ProducerRow read_producer(CheckedRow& in) {
    using Epoch = std::numeric_limits<int16_t>;
    using Number = std::numeric_limits<int64_t>;
    log::Producer producer;
    const int32_t partition = in.int32(0, 0);
    const int64_t producer_id = in.int64(1, 0);
    producer.epoch = int16_t(in.int32(2, Epoch::min(), Epoch::max()));
    producer.coordinator_epoch = in.int32(3, std::numeric_limits<int32_t>::min());
    const auto first = in.int32_array(4), last = in.int32_array(5);
    const auto base_offsets = in.int64_array(6), timestamps = in.int64_array(7);
    const size_t batches = std::min({first.size(), last.size(), base_offsets.size(), timestamps.size()});
    in.expect(first.size() == batches && last.size() == batches && base_offsets.size() == batches &&
              timestamps.size() == batches);
    for (size_t b = 0; b < batches; b++) producer.add({first[b], last[b], base_offsets[b], timestamps[b]});
    producer.timestamp = in.int64(8, Number::min());
    producer.appended_ms = in.int64(9, Number::min());
    return {partition, producer_id, producer};
}

std::vector<int64_t> read_offsets(CheckedRow& in) {
    std::vector<int64_t> offsets = in.int64_array(0);
    in.expect(std::all_of(offsets.begin(), offsets.end(), [](int64_t offset) { return offset >= 0; }));
    return in.damaged() ? std::vector<int64_t>() : offsets;
}

/// The columns that are not of the key.
constexpr const char* state_columns[] = {"epoch",          "coordinator_epoch", "first_sequences",
                                         "last_sequences", "base_offsets",      "timestamps",
                                         "last_timestamp", "appended_ms"};

/// "what(epoch), what(coordinator_epoch)" and so on.
template <class What> std::string list(What what) {
    std::string text;
    for (const char* column : state_columns) text += (text.empty() ? "" : ", ") + what(std::string(column));
    return text;
}

std::string names() {
    return list([](const std::string& column) { return column; });
}

} // namespace

Producers::Producers()
    : put_("INSERT INTO kafka.producer (topic_id, partition, producer_id, " + names() +
           ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
           " ON CONFLICT (topic_id, partition, producer_id) DO UPDATE SET " +
           list([](const std::string& column) { return column + " = excluded." + column; })),
      remove_("DELETE FROM kafka.producer WHERE topic_id = $1 AND partition = $2 AND producer_id = $3"),
      put_snapshot_("INSERT INTO kafka.producer_snapshot (topic_id, offsets) VALUES ($1, $2)"
                    " ON CONFLICT (topic_id) DO UPDATE SET offsets = excluded.offsets") {}

ProducerSnapshot Producers::load(const wire::Uuid& topic) {
    ProducerSnapshot snapshot;
    pg::Statement offsets("SELECT offsets FROM kafka.producer_snapshot WHERE topic_id = $1");
    each_checked_row(offsets.open({topic}), "kafka.producer_snapshot",
                     "What is known of the topic's producers is told from all of its log.",
                     [&](CheckedRow& in) { snapshot.offsets = read_offsets(in); });
    pg::Statement producers("SELECT partition, producer_id, " + names() +
                            " FROM kafka.producer WHERE topic_id = $1");
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
    pg::KeyedUpdate stored({"kafka", "producer", 3, "catalog_changed"});
    for (const ProducerRow& row : rows) {
        if (!row.producer) {
            remove_.execute({topic, row.partition, row.producer_id});
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
    transaction.commit(pg::Durability::local);
    next_ = block.first;
    end_ = block.first + block.ids;
}

} // namespace kafka::store
