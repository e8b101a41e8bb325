// The rows of kafka.producer and kafka.producer_snapshot, and the sequence that producer ids come from. Called inside a
// pg::Transaction, if nothing else is said; throws pg::Error.
#pragma once
#include "log/producers.h"
#include "pg/spi.h"
#include "wire/bytes.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace kafka::store {

struct ProducerRow {
    int32_t partition;
    int64_t producer_id;
    std::optional<log::Producer> producer; ///< none: to be removed
};

/// The producers of a topic as they were when its partitions ended at these offsets; offset 0 for partitions that are not named.
struct ProducerSnapshot {
    std::vector<int64_t> offsets;  ///< by partition
    std::vector<ProducerRow> rows; ///< to be stored: only those that have changed since the last snapshot
};

/// Prepared statements for producers.
class Producers {
public:
    Producers();

    ProducerSnapshot load(const wire::Uuid& topic);
    void store(const wire::Uuid& topic, const ProducerSnapshot& snapshot);

private:
    void put(const wire::Uuid& topic, const std::vector<ProducerRow>& rows);

    pg::Statement put_, remove_, put_snapshot_;
};

/// Hands out each producer id once, whatever happens, and whatever somebody has done to the sequence. Outside of transactions: it makes
/// its own.
class ProducerIds {
public:
    int64_t next();

private:
    void take_block();

    int64_t next_ = 0, end_ = 0; ///< of the block that is being used up: at first there is none
};

} // namespace kafka::store
