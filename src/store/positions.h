// Where in the log a group is to go on: positions that people name, as offsets that the log has. For the functions that SQL
// calls, within the transaction of their session; throws pg::Error.
#pragma once
#include "group/types.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kafka::store {

struct Position {
    enum class Kind { earliest, latest, offset, timestamp };
    Kind kind;
    int64_t value = 0; ///< the offset, or milliseconds since 1970: where the first record since then is
};

/// An offset of a partition.
struct PartitionPosition {
    wire::Uuid topic_id{};
    std::string topic;
    int32_t partition = 0;
    int64_t offset = 0;
};

/// The position in each partition of the topic, or in one of them. Not outside of the log: an offset becomes the nearest one that
/// is within, a time after the last record the end. Empty if there is no such topic or partition.
std::vector<PartitionPosition> find_positions(const std::string& topic, std::optional<int32_t> partition,
                                              const Position& position);
/// The same in the partitions that these rows are for, as far as they are there; by topic and partition.
std::vector<PartitionPosition> find_positions(std::span<const group::OffsetRow> committed,
                                              const Position& position);

bool topic_exists(const std::string& name);

} // namespace kafka::store
