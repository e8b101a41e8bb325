// A row of kafka.producer, value by value. Somebody may have changed it by SQL: what the broker does not take for a producer no query
// shows as one. Pure.
#pragma once
#include "log/producers.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace kafka::store {

struct StoredProducer {
    int64_t producer_id = -1;
    int32_t epoch = -1, coordinator_epoch = -1;
    std::vector<int32_t> first_sequences, last_sequences; ///< of its batches, as are the next two
    std::vector<int64_t> base_offsets, timestamps;
    int64_t last_timestamp = -1, appended_ms = 0;

    StoredProducer() = default;
    StoredProducer(int64_t id, const log::Producer& producer)
        : producer_id(id), epoch(producer.epoch), coordinator_epoch(producer.coordinator_epoch),
          last_timestamp(producer.timestamp), appended_ms(producer.appended_ms) {
        for (const log::ProducedBatch& batch : producer.batches()) {
            first_sequences.push_back(batch.first_sequence);
            last_sequences.push_back(batch.last_sequence);
            base_offsets.push_back(batch.base_offset);
            timestamps.push_back(batch.timestamp);
        }
    }

    /// None if it cannot be one.
    std::optional<log::Producer> producer() const {
        using Epoch = std::numeric_limits<int16_t>;
        const size_t batches = first_sequences.size();
        if (producer_id < 0 || epoch < Epoch::min() || epoch > Epoch::max()) return std::nullopt;
        if (last_sequences.size() != batches || base_offsets.size() != batches ||
            timestamps.size() != batches)
            return std::nullopt;
        log::Producer producer;
        producer.epoch = int16_t(epoch);
        producer.coordinator_epoch = coordinator_epoch;
        producer.timestamp = last_timestamp;
        producer.appended_ms = appended_ms;
        for (size_t b = 0; b < batches; b++)
            producer.add({first_sequences[b], last_sequences[b], base_offsets[b], timestamps[b]});
        return producer;
    }
};

/// Whether partitions can have ended there. If not, all of kafka.producer_snapshot's row is passed over: a partition does not go on
/// below what it is told there.
inline bool can_be_ends(std::span<const int64_t> offsets) {
    constexpr int64_t most = std::numeric_limits<int64_t>::max() / 2; // no log ends there or beyond
    return std::all_of(offsets.begin(), offsets.end(),
                       [](int64_t offset) { return offset >= 0 && offset < most; });
}

} // namespace kafka::store
