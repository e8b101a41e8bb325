// See producers.h.
#include "log/producers.h"

#include "record/batch.h"
#include "record/marker.h"

#include <algorithm>

namespace kafka::log {

using wire::ErrorCode;

Sequence sequence_of(const record::BatchHeader& header) {
    if (!header.has_producer_id()) return {};
    return {header.producer_id, header.producer_epoch, header.base_sequence, header.last_sequence()};
}

void Producer::add(const ProducedBatch& batch) {
    if (count_ == max_batches)
        std::move(batches_.begin() + 1, batches_.end(), batches_.begin());
    else
        count_++;
    batches_[count_ - 1] = batch;
}

bool Producer::operator==(const Producer& other) const {
    return epoch == other.epoch && coordinator_epoch == other.coordinator_epoch &&
           timestamp == other.timestamp && appended_ms == other.appended_ms &&
           std::ranges::equal(batches(), other.batches());
}

bool Producers::append_again(wire::View start, int64_t now_ms) {
    const auto header = record::read_header(start);
    if (!header) return false;
    if (const auto marker = record::read_marker(start))
        end_transaction(marker->producer_id, marker->producer_epoch, marker->coordinator_epoch,
                        header->max_timestamp, now_ms);
    else if (const Sequence sequence = sequence_of(*header); sequence.exists() && !header->is_control())
        append(sequence, header->base_offset, header->max_timestamp, now_ms);
    return true;
}

const Producer* Producers::find(int64_t producer_id) const {
    const auto at = producers_.find(producer_id);
    return at == producers_.end() ? nullptr : &at->second;
}

const ProducedBatch* Producers::find_duplicate(const Sequence& sequence) const {
    const Producer* producer = find(sequence.producer_id);
    if (!producer || producer->epoch != sequence.epoch) return nullptr;
    const auto batches = producer->batches();
    const auto same = std::find_if(batches.begin(), batches.end(), [&](const ProducedBatch& b) {
        return b.first_sequence == sequence.first && b.last_sequence == sequence.last;
    });
    return same == batches.end() ? nullptr : &*same;
}

ErrorCode Producers::check(const Sequence& sequence, bool begins_with_0) const {
    const Producer* producer = find(sequence.producer_id);
    if (!producer)
        return begins_with_0 && sequence.first != 0 ? ErrorCode::out_of_order_sequence_number
                                                    : ErrorCode::none;
    if (sequence.epoch < producer->epoch) return ErrorCode::invalid_producer_epoch;
    const bool same_epoch = sequence.epoch == producer->epoch && !producer->batches().empty();
    const int32_t next = same_epoch ? (producer->batches().back().last_sequence + 1u) & INT32_MAX : 0;
    return sequence.first == next ? ErrorCode::none : ErrorCode::out_of_order_sequence_number;
}

void Producers::append(const Sequence& sequence, int64_t base_offset, int64_t timestamp, int64_t now_ms) {
    Producer& producer = producers_[sequence.producer_id];
    if (producer.epoch != sequence.epoch) producer.forget_batches();
    producer.epoch = sequence.epoch;
    producer.timestamp = timestamp;
    producer.appended_ms = now_ms;
    producer.add({sequence.first, sequence.last, base_offset, timestamp});
    changed_.insert(sequence.producer_id);
}

void Producers::end_transaction(int64_t producer_id, int16_t epoch, int32_t coordinator_epoch,
                                int64_t timestamp, int64_t now_ms) {
    Producer& producer = producers_[producer_id];
    if (epoch > producer.epoch) {
        producer.forget_batches();
        producer.epoch = epoch;
    }
    producer.coordinator_epoch = coordinator_epoch;
    producer.timestamp = timestamp;
    producer.appended_ms = now_ms;
    changed_.insert(producer_id);
}

void Producers::each(const std::function<void(int64_t, const Producer&)>& visit) const {
    for (const auto& [id, producer] : producers_) visit(id, producer);
}

void Producers::restore(int64_t producer_id, const std::optional<Producer>& before) {
    if (before)
        producers_.insert_or_assign(producer_id, *before);
    else
        producers_.erase(producer_id);
}

void Producers::expire(int64_t before_ms, const std::function<bool(int64_t)>& kept) {
    std::erase_if(producers_, [&](const auto& entry) {
        if (entry.second.appended_ms >= before_ms || kept(entry.first)) return false;
        changed_.insert(entry.first);
        return true;
    });
}

} // namespace kafka::log
