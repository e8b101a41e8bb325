// Control batches that say how a transaction ended in a partition, byte for byte as Kafka writes them. Pure.
#pragma once
#include "record/batch.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kafka::record {

/// The end of what a producer has written to a partition in a transaction.
struct Marker {
    int64_t producer_id = -1;
    int16_t producer_epoch = -1;
    bool committed = false; ///< false: aborted
    int32_t coordinator_epoch = 0;

    bool operator==(const Marker&) const = default;
};

/// Bytes of a batch that is one.
constexpr size_t marker_size = 78;

/// A batch of one record, at offset 0 as yet; see stamp().
std::string make_marker(const Marker& marker, int64_t timestamp);

/// Nothing if the batch is none: not a control batch, of a kind that is not an end of a transaction, or damaged.
std::optional<Marker> read_marker(wire::View batch);

} // namespace kafka::record
