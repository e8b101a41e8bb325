// See cluster.h.
#include "store/cluster.h"

#include "pg/spi.h"

namespace kafka::store {

Cluster join_cluster(int32_t timeline, uint64_t system_identifier) {
    const std::string server = std::to_string(system_identifier);
    const pg::Result rows =
        pg::execute("SELECT id, leader_epoch, timeline = $1 AND system_identifier = $2 FROM kafka.cluster",
                    {timeline, std::string_view(server)});
    if (!rows.empty() && rows.boolean(0, 2)) return {rows.text(0, 0), rows.int32(0, 1)};
    // 22 characters of base64url, as Kafka's own ids, from a random UUID.
    const pg::Result joined =
        pg::execute("INSERT INTO kafka.cluster AS c (id, leader_epoch, timeline, system_identifier)"
                    " VALUES "
                    "(pg_catalog.rtrim(pg_catalog.translate(pg_catalog.encode(pg_catalog.uuid_send(pg_"
                    "catalog.gen_random_uuid()), 'base64'), '+/', '-_'), '='),"
                    "         0, $1, $2)"
                    " ON CONFLICT (only_row) DO UPDATE SET leader_epoch = c.leader_epoch + 1, timeline = $1, "
                    "system_identifier = $2"
                    " RETURNING id, leader_epoch",
                    {timeline, std::string_view(server)});
    return {joined.text(0, 0), joined.int32(0, 1)};
}

} // namespace kafka::store
