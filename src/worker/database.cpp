// See database.h.
#include "worker/database.h"

#include "pg/process.h"
#include "pg/session.h"
#include "pg/settings.h"
#include "pg/transaction.h"
#include "store/segments.h"

namespace kafka::worker {

std::optional<Obstacle> find_obstacle() {
    const std::string where = " in database \"" + pg::current_settings().database + "\"";
    pg::Transaction transaction("looking for the extension");
    std::optional<Obstacle> obstacle;
    if (!pg::extension_exists())
        obstacle = {"pg_kafka waits for its extension" + where,
                    {},
                    "Run CREATE EXTENSION pg_kafka there, or set pg_kafka.database to where it is."};
    else if (const auto table = store::unfinished_segment())
        obstacle = {"pg_kafka waits for the end of a restore" + where,
                    "Table " + *table + " has no primary key yet.",
                    "If nothing is being restored, add the primary key of kafka.batch to it."};
    transaction.commit(pg::Durability::none_written);
    return obstacle;
}

store::Cluster join_cluster() {
    pg::Transaction transaction("joining the cluster");
    store::Cluster cluster = store::join_cluster(pg::timeline(), pg::system_identifier());
    transaction.commit(pg::Durability::server);
    return cluster;
}

} // namespace kafka::worker
