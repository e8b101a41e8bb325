// The one row of kafka.cluster: who this cluster is, and the leader epoch. Called inside a pg::Transaction.
#pragma once
#include <cstdint>
#include <string>

namespace kafka::store {

struct Cluster {
    std::string id;           ///< made once, at the first start; what clients see as cluster.id
    int32_t leader_epoch = 0; ///< rises by one whenever the server's timeline has changed

    bool operator==(const Cluster&) const = default;
};

/// Reads the row, making it at the first start, and raises the leader epoch if the server now runs on another
/// timeline (a standby was promoted, a backup restored) or is another server than the one that wrote the row.
Cluster join_cluster(int32_t timeline, uint64_t system_identifier);

} // namespace kafka::store
