// What the database holds for the broker to serve. Main thread of the broker.
#pragma once
#include "store/cluster.h"

namespace kafka::worker {

/// store::join_cluster() in a transaction of its own. Throws pg::Error.
store::Cluster join_cluster();

} // namespace kafka::worker
