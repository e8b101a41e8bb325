// See database.h.
#include "worker/database.h"

#include "pg/process.h"
#include "pg/transaction.h"

namespace kafka::worker {

store::Cluster join_cluster() {
    pg::Transaction transaction("joining the cluster");
    store::Cluster cluster = store::join_cluster(pg::timeline(), pg::system_identifier());
    transaction.commit(pg::Durability::server);
    return cluster;
}

} // namespace kafka::worker
