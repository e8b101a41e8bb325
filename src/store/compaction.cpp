// See compaction.h.
#include "store/compaction.h"

#include "pg/spi.h"
#include "pg/table_lock.h"
#include "store/segments.h"

namespace kafka::store {
namespace {

std::string replacement_name(int64_t segment) { return segment_table_name(segment) + "_compacted"; }

constexpr const char* now_ms =
    "pg_catalog.floor(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000)::bigint";

} // namespace

std::vector<CompactedTopic> compacted_topics() {
    const pg::Result rows = pg::execute(
        "SELECT t.id, t.name FROM kafka.topic_config c JOIN kafka.topic t ON t.id = c.topic_id"
        " WHERE c.name = 'cleanup.policy' AND pg_catalog.strpos(c.value, 'compact') > 0 ORDER BY t.name");
    std::vector<CompactedTopic> topics;
    for (size_t i = 0; i < rows.size(); i++) topics.push_back({rows.uuid(i, 0), rows.text(i, 1)});
    return topics;
}

std::map<int32_t, int64_t> first_open_offsets(const wire::Uuid& topic) {
    const pg::Result rows = pg::execute(
        "SELECT w.partition, pg_catalog.min(w.first_offset)"
        "  FROM kafka.transaction t,"
        "       ROWS FROM (pg_catalog.unnest(t.topics), pg_catalog.unnest(t.partitions),"
        "                  pg_catalog.unnest(t.first_offsets)) AS w(topic_id, partition, first_offset)"
        " WHERE t.state = 'Ongoing' AND w.topic_id = $1 AND w.first_offset >= 0"
        " GROUP BY w.partition",
        {topic});
    std::map<int32_t, int64_t> offsets;
    for (size_t i = 0; i < rows.size(); i++) offsets[rows.int32(i, 0)] = rows.int64(i, 1);
    return offsets;
}

std::vector<int64_t> producers_stored_to(const wire::Uuid& topic) {
    const pg::Result rows =
        pg::execute("SELECT offsets FROM kafka.producer_snapshot WHERE topic_id = $1", {topic});
    if (rows.empty()) return {};
    return rows.int64_array(0, 0);
}

/// Rows are only ever added, so vacuum has nothing to do.
std::string make_replacement(int64_t segment) {
    pg::execute("CREATE TABLE kafka." + replacement_name(segment) +
                " (LIKE kafka.batch INCLUDING ALL) WITH (autovacuum_enabled = false)");
    return replacement_name(segment);
}

void check_not_in_use(int64_t segment) { pg::lock_at_once("kafka", segment_table_name(segment)); }

/// The lock comes last, so that nobody who wants to read the segment has to wait for long.
void replace_segment(int64_t segment, const std::vector<int64_t>& max_timestamps,
                     const std::vector<int64_t>& bytes, bool compacted) {
    const std::string name = segment_table_name(segment), replacement = replacement_name(segment);
    pg::execute("UPDATE kafka.segment SET max_timestamps = $2, bytes = $3 WHERE id = $1",
                {segment, std::span<const int64_t>(max_timestamps), std::span<const int64_t>(bytes)});
    if (compacted) mark_compacted(segment);
    pg::lock_soon("kafka", name);
    pg::execute("DROP TABLE kafka." + name);
    pg::execute("ALTER TABLE kafka." + replacement + " RENAME TO " + name);
    pg::execute("ALTER INDEX kafka." + replacement + "_pkey RENAME TO " + name + "_pkey");
}

void mark_compacted(int64_t segment) {
    pg::execute("UPDATE kafka.segment SET compacted_ms = " + std::string(now_ms) + " WHERE id = $1",
                {segment});
}

void forget_aborted(const wire::Uuid& topic, int32_t partition, const std::vector<int64_t>& last_offsets) {
    pg::execute("DELETE FROM kafka.aborted_transaction WHERE topic_id = $1 AND partition = $2 AND "
                "last_offset = ANY ($3)",
                {topic, partition, std::span<const int64_t>(last_offsets)});
}

int64_t maintenance_memory() {
    return pg::execute("SELECT pg_catalog.pg_size_bytes(pg_catalog.current_setting('maintenance_work_mem'))")
        .int64(0, 0);
}

} // namespace kafka::store
