// See staging.h.
#include "log/staging.h"

#include <algorithm>
#include <numeric>

namespace kafka::log {

void Staging::append(Topic& topic, int32_t index, Batch batch, int64_t now_ms) {
    const size_t size = batch.data.data.size();
    if (must_roll(topic, size, now_ms)) roll(topic, now_ms);

    topics_.insert(&topic);
    Partition& partition = *topic.partition(index);
    if (batch.sequence.exists() || batch.marker) note_producer(partition, batch, now_ms);
    partition.staged_max_timestamp = std::max(partition.staged_max_timestamp, batch.max_timestamp);
    partition.staged_bytes += int64_t(size);
    const int64_t base = partition.staged_end_offset, last = base + batch.last_offset_delta;
    const auto rolled =
        std::find_if(rolls_.rbegin(), rolls_.rend(), [&](const StagedRoll& r) { return r.topic == &topic; });
    const size_t roll_index = rolled == rolls_.rend() ? no_roll : size_t(rolls_.rend() - rolled) - 1;
    batches_.push_back({&topic, index, base, last, partition.staged_max_timestamp, partition.staged_bytes,
                        std::move(batch.data), roll_index});
    partition.staged_end_offset = last + 1;
    topic.staged_segment_bytes += int64_t(size);
    bytes_ += size;
}

void Staging::note_producer(Partition& partition, const Batch& batch, int64_t now_ms) {
    const int64_t id = batch.marker ? batch.marker->producer_id : batch.sequence.producer_id;
    const Producer* before = partition.producers.find(id);
    producers_before_.push_back({&partition, id, before ? std::optional(*before) : std::nullopt});
    if (batch.marker)
        partition.producers.end_transaction(id, batch.marker->producer_epoch, batch.marker->coordinator_epoch,
                                            batch.max_timestamp, now_ms);
    else
        partition.producers.append(batch.sequence, partition.staged_end_offset, batch.max_timestamp, now_ms);
}

bool Staging::must_roll(Topic& topic, size_t batch_bytes, int64_t now_ms) const {
    if (topic.staged_segment_bytes < 0) return true;
    if (topic.staged_segment_bytes == 0) return false; // an empty segment takes any batch
    if (topic.staged_segment_bytes + int64_t(batch_bytes) > topic.config.segment_bytes) return true;
    const Segment* open = topic.open_segment();
    const bool rolled_now = !open || std::any_of(rolls_.begin(), rolls_.end(),
                                                 [&](const StagedRoll& r) { return r.topic == &topic; });
    return !rolled_now && now_ms - open->created_ms >= topic.config.segment_ms;
}

void Staging::roll(Topic& topic, int64_t now_ms) {
    StagedRoll roll{&topic, {}, {}, {}};
    roll.opened.created_ms = now_ms;
    for (Partition& p : topic.partitions) {
        roll.opened.start_offsets.push_back(p.staged_end_offset);
        roll.closed_timestamps.push_back(p.staged_max_timestamp);
        roll.closed_bytes.push_back(p.staged_bytes);
        p.staged_max_timestamp = -1;
        p.staged_bytes = 0;
    }
    topic.staged_segment_bytes = 0;
    topics_.insert(&topic);
    rolls_.push_back(std::move(roll));
}

void Staging::copy_out(size_t first) {
    for (size_t i = first; i < batches_.size(); i++) {
        const auto copy = std::make_shared<std::string>(batches_[i].data.data);
        batches_[i].data = {copy, *copy};
    }
}

void Staging::commit(TailCache& cache) {
    for (StagedRoll& r : rolls_) {
        if (Segment* open = r.topic->open_segment()) {
            open->max_timestamps = std::move(r.closed_timestamps);
            open->bytes = std::accumulate(r.closed_bytes.begin(), r.closed_bytes.end(), int64_t(0));
            open->partition_bytes = std::move(r.closed_bytes);
        }
        for (Partition& p : r.topic->partitions) {
            p.max_timestamp = p.staged_max_timestamp;
            p.bytes = p.staged_bytes;
        }
        r.topic->segments.push_back(std::move(r.opened));
    }
    for (StagedBatch& b : batches_) {
        Partition& p = *b.topic->partition(b.partition);
        p.high_watermark = b.last_offset + 1;
        p.max_timestamp = p.staged_max_timestamp;
        p.bytes = p.staged_bytes;
        b.topic->segments.back().bytes = b.topic->staged_segment_bytes;
        b.topic->batches_after_snapshot++;
        b.topic->bytes_after_snapshot += b.data.data.size();
        cache.put(p.tail, {b.base_offset, b.last_offset, std::move(b.data)});
    }
    clear();
}

void Staging::rollback() {
    for (Topic* topic : topics_) {
        for (Partition& p : topic->partitions) {
            p.staged_end_offset = p.high_watermark;
            p.staged_max_timestamp = p.max_timestamp;
            p.staged_bytes = p.bytes;
        }
        const Segment* open = topic->open_segment();
        topic->staged_segment_bytes = open ? open->bytes : -1;
    }
    for (auto before = producers_before_.rbegin(); before != producers_before_.rend(); ++before)
        before->partition->producers.restore(before->producer_id, before->producer);
    clear();
}

void Staging::clear() {
    topics_.clear();
    batches_.clear();
    rolls_.clear();
    producers_before_.clear();
    bytes_ = 0;
}

} // namespace kafka::log
