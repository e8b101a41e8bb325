// See positions.h.
#include "store/positions.h"

#include "pg/spi.h"

namespace kafka::store {
namespace {

/// Of the partition e, with the position's value as parameter $1. Records come in the order of their offsets; as in Kafka, all of them
/// count, whatever became of their transactions.
const char* offset_at(Position::Kind kind) {
    switch (kind) {
    case Position::Kind::earliest:
        return "e.log_start_offset";
    case Position::Kind::latest:
        return "e.high_watermark";
    case Position::Kind::offset:
        return "GREATEST(e.log_start_offset, LEAST(e.high_watermark, $1))";
    case Position::Kind::timestamp:
        return "COALESCE((SELECT m.\"offset\" FROM kafka.log_record m WHERE m.topic = e.topic AND "
               "m.partition = "
               "e.partition "
               "AND m.\"timestamp\" >= pg_catalog.to_timestamp($1 / 1000.0) LIMIT 1), e.high_watermark)";
    }
    return nullptr;
}

std::vector<PartitionPosition> find(const Position& position, const std::string& selection,
                                    std::vector<pg::Value> values) {
    values.insert(values.begin(), position.value);
    const pg::Result rows =
        pg::execute(std::string("SELECT t.id, t.name, e.partition, ") + offset_at(position.kind) +
                        " FROM kafka.topic t JOIN kafka.partition_end e ON e.topic = t.name " + selection +
                        " ORDER BY t.name, e.partition",
                    values);
    std::vector<PartitionPosition> found;
    for (uint64_t i = 0; i < rows.size(); i++)
        found.push_back({rows.uuid(i, 0), rows.text(i, 1), rows.int32(i, 2), rows.int64(i, 3)});
    return found;
}

} // namespace

std::vector<PartitionPosition> find_positions(const std::string& topic, std::optional<int32_t> partition,
                                              const Position& position) {
    if (!partition) return find(position, "WHERE e.topic = $2", {std::string_view(topic)});
    return find(position, "WHERE e.topic = $2 AND e.partition = $3", {std::string_view(topic), *partition});
}

std::vector<PartitionPosition> find_positions(std::span<const group::OffsetRow> committed,
                                              const Position& position) {
    std::vector<pg::Uuid> topics;
    std::vector<int32_t> partitions;
    for (const group::OffsetRow& row : committed) {
        topics.push_back(row.topic_id);
        partitions.push_back(row.partition);
    }
    return find(position,
                "JOIN ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3)) AS c(topic_id, partition) "
                "ON c.topic_id = t.id AND c.partition = e.partition",
                {std::span<const pg::Uuid>(topics), std::span<const int32_t>(partitions)});
}

bool topic_exists(const std::string& name) {
    return !pg::execute("SELECT FROM kafka.topic WHERE name = $1", {std::string_view(name)}).empty();
}

} // namespace kafka::store
