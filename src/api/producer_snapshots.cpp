// See producer_snapshots.h.
#include "api/producer_snapshots.h"

#include "api/broker.h"
#include "pg/process.h"
#include "txn/types.h"

namespace kafka::api {
namespace {

/// After so much has been appended to a topic its producers are stored; as much is gone through when it is opened.
constexpr size_t batches_per_snapshot = 1000, bytes_per_snapshot = 4 << 20;
/// So that a batch costs a fraction of a row: of so many batches for each producer that has changed,
constexpr size_t batches_per_row = 8;
/// unless they are as many as a snapshot is to write; it takes some tens of milliseconds.
constexpr size_t max_rows = 4000;
/// How often silent producers are looked for, at the least.
constexpr int64_t expiry_interval_ms = 600'000;

size_t changed_producers(const log::Topic& topic) {
    size_t changed = 0;
    for (const log::Partition& p : topic.partitions) changed += p.producers.changed().size();
    return changed;
}

void replay(log::Topic& topic, log::Partition& partition, wire::View start, int64_t now) {
    if (!partition.producers.append_again(start, now))
        return pg::log(pg::Level::warning, "pg_kafka found a record batch without a header in topic \"" +
                                               topic.name + "\", partition " +
                                               std::to_string(partition.index));
    topic.batches_after_snapshot++;
    topic.bytes_after_snapshot += record::read_header(start)->size_in_bytes();
}

} // namespace

void ProducerSnapshots::read(log::Topic& topic) {
    const int64_t now = broker_.now_ms();
    for (log::Partition& p : topic.partitions) p.producers = {};
    topic.batches_after_snapshot = topic.bytes_after_snapshot = topic.snapshot_not_before = 0;
    const store::ProducerSnapshot snapshot = tables_.load(topic.id);
    for (const store::ProducerRow& row : snapshot.rows)
        if (log::Partition* p = topic.partition(row.partition))
            p->producers.load(row.producer_id, *row.producer);
    for (log::Partition& p : topic.partitions) {
        const size_t index = size_t(p.index);
        const int64_t from = index < snapshot.offsets.size() ? snapshot.offsets[index] : 0;
        // Never back: should a table have been lost, its offsets are not given out again.
        p.high_watermark = p.staged_end_offset = std::max(p.high_watermark, from);
        for (size_t s = topic.segment_holding(p.index, from);
             from < p.high_watermark && s < topic.segments.size(); s++)
            broker_.batches.starts(topic.segments[s].id, p.index, from,
                                   [&](wire::View start) { replay(topic, p, start, now); });
    }
}

bool ProducerSnapshots::due(log::Topic& topic) const {
    if (topic.batches_after_snapshot < topic.snapshot_not_before) return false;
    if (topic.bytes_after_snapshot >= bytes_per_snapshot) return true;
    if (topic.batches_after_snapshot < batches_per_snapshot) return false;
    const size_t rows = changed_producers(topic);
    if (rows >= max_rows || topic.batches_after_snapshot >= batches_per_row * rows) return true;
    topic.snapshot_not_before = topic.batches_after_snapshot + batches_per_snapshot;
    return false;
}

void ProducerSnapshots::store(const std::vector<log::Topic*>& topics) {
    if (topics.empty()) return;
    try {
        pg::Transaction transaction("storing producers");
        store::do_not_wait_for_locks();
        for (const log::Topic* topic : topics) write(*topic);
        transaction.commit(pg::Durability::later);
    } catch (const pg::Error& error) {
        if (failure_ != error.what()) broker_.log_failure("store what it knows of producers", error);
        failure_ = error.what();
        for (log::Topic* topic : topics)
            topic->snapshot_not_before = topic->batches_after_snapshot + batches_per_snapshot;
        return;
    }
    failure_.clear();
    for (log::Topic* topic : topics) written(*topic);
}

void ProducerSnapshots::written(log::Topic& topic) {
    for (log::Partition& p : topic.partitions) p.producers.stored();
    topic.batches_after_snapshot = topic.bytes_after_snapshot = topic.snapshot_not_before = 0;
}

void ProducerSnapshots::write(const log::Topic& topic) {
    store::ProducerSnapshot snapshot;
    for (const log::Partition& p : topic.partitions) {
        snapshot.offsets.push_back(p.high_watermark);
        for (const int64_t id : p.producers.changed()) {
            const log::Producer* producer = p.producers.find(id);
            snapshot.rows.push_back({p.index, id, producer ? std::optional(*producer) : std::nullopt});
        }
    }
    tables_.store(topic.id, snapshot);
}

void ProducerSnapshots::expire() {
    const int64_t now = broker_.now_ms(), expiration = broker_.settings.producer_id_expiration_ms;
    if (now - expired_ms_ < std::min(expiry_interval_ms, expiration) || !broker_.transactions.loaded())
        return;
    expired_ms_ = now;
    for (const auto& [name, topic] : broker_.catalog.topics())
        for (log::Partition& p : topic->partitions)
            p.producers.expire(now - expiration, [&](int64_t producer_id) {
                return broker_.transactions.open_since(producer_id, {topic->id, p.index}) != txn::no_offset;
            });
}

void ProducerSnapshots::finish() {
    std::vector<log::Topic*> topics;
    for (const auto& [name, topic] : broker_.catalog.topics())
        if (topic->opened && (topic->batches_after_snapshot > 0 || changed_producers(*topic) > 0))
            topics.push_back(topic.get());
    store(topics);
}

} // namespace kafka::api
