// What the database holds for the broker to serve. Main thread of the broker.
#pragma once
#include "store/cluster.h"

#include <optional>
#include <string>

namespace kafka::worker {

/// Why nothing can be served, for the log.
struct Obstacle {
    std::string message, detail, hint;
};

/// What the broker has to wait for: CREATE EXTENSION, or the end of a restore. Throws pg::Error.
std::optional<Obstacle> find_obstacle();

/// store::join_cluster() in a transaction of its own. Throws pg::Error.
store::Cluster join_cluster();

} // namespace kafka::worker
