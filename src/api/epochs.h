// Leader epochs in requests: fencing (KIP-320) and the offsets at which epochs ended.
#pragma once
#include "api/broker.h"

namespace kafka::api {

/// Holds the leader epoch that a client believes in (current_leader_epoch; -1: unchecked) against ours:
/// none, fenced_leader_epoch (client is behind) or unknown_leader_epoch (client is ahead).
wire::ErrorCode check_leader_epoch(const Broker& broker, int32_t current_leader_epoch);

/// Where an epoch ended.
struct EpochEnd {
    int32_t leader_epoch = -1; ///< the largest epoch that is not above the one asked for; -1: none is known
    int64_t end_offset = -1;   ///< the first offset after it
};

/// The end of the largest epoch at most `epoch` in this partition (OffsetForLeaderEpoch, and divergence in
/// Fetch). The topic must have been opened. If is_older_epoch(), it takes looks into the tables, so a
/// pg::Transaction; what they count for is added to `read`.
EpochEnd epoch_end(Broker& broker, const log::Topic& topic, int32_t partition, int32_t epoch, size_t& read);

/// True of an epoch whose end is not in memory.
inline bool is_older_epoch(const Broker& broker, int32_t epoch) {
    return epoch >= 0 && epoch < broker.leader_epoch;
}

} // namespace kafka::api
