// See segments.h.
#include "store/segments.h"

#include "pg/spi.h"
#include "pg/table_lock.h"

namespace kafka::store {

std::string segment_table_name(int64_t id) { return "segment_" + std::to_string(id); }

std::string segment_table(int64_t id) { return "kafka." + segment_table_name(id); }

std::map<wire::Uuid, std::vector<SegmentRow>> load_segments(const std::vector<wire::Uuid>& topics) {
    const pg::Result rows =
        pg::execute("SELECT s.id, s.start_offsets, s.max_timestamps, s.created_ms, s.bytes,"
                    "       t.table_oid IS NULL, s.topic_id, s.compacted_ms IS NOT NULL"
                    "  FROM kafka.segment s,"
                    "       pg_catalog.to_regclass('kafka.segment_' || s.id) AS t(table_oid)"
                    " WHERE s.topic_id = ANY ($1)"
                    " ORDER BY s.id",
                    {std::span<const wire::Uuid>(topics)});
    std::map<wire::Uuid, std::vector<SegmentRow>> segments;
    for (size_t i = 0; i < rows.size(); i++) {
        SegmentRow row{rows.int64(i, 0),  rows.int64_array(i, 1), {},
                       rows.int64(i, 3),  rows.boolean(i, 5),     {},
                       rows.boolean(i, 7)};
        if (!rows.is_null(i, 4)) row.bytes = rows.int64_array(i, 4);
        if (!rows.is_null(i, 2)) row.max_timestamps = rows.int64_array(i, 2);
        segments[rows.uuid(i, 6)].push_back(std::move(row));
    }
    return segments;
}

int64_t create_segment(const wire::Uuid& topic, const std::vector<int64_t>& start_offsets,
                       int64_t created_ms) {
    const int64_t id = pg::execute("INSERT INTO kafka.segment (topic_id, start_offsets, created_ms) VALUES "
                                   "($1, $2, $3) RETURNING id",
                                   {topic, std::span<const int64_t>(start_offsets), created_ms})
                           .int64(0, 0);
    // Rows are only ever added, so vacuum has nothing to do until the segment is frozen or dropped.
    pg::execute("CREATE TABLE " + segment_table(id) +
                " (LIKE kafka.batch INCLUDING ALL)"
                " WITH (autovacuum_enabled = false)");
    return id;
}

void close_segment(int64_t id, const std::vector<int64_t>& max_timestamps,
                   const std::vector<int64_t>& bytes) {
    pg::execute("UPDATE kafka.segment SET max_timestamps = $2, bytes = $3 WHERE id = $1",
                {id, std::span<const int64_t>(max_timestamps), std::span<const int64_t>(bytes)});
}

std::optional<std::string> unfinished_segment() {
    const pg::Result rows = pg::execute(
        "SELECT 'kafka.' || c.relname FROM pg_catalog.pg_class c"
        " WHERE c.relnamespace = pg_catalog.to_regnamespace('kafka') AND c.relname >= 'segment_' AND"
        " c.relname < 'segment`' AND c.relname ~ '^segment_[0-9]+$' AND c.relkind = 'r' AND NOT c.relhasindex"
        " LIMIT 1");
    if (rows.empty()) return std::nullopt;
    return rows.text(0, 0);
}

std::vector<SegmentCount> count_segments() {
    const pg::Result rows = pg::execute("SELECT topic_id, pg_catalog.count(*), pg_catalog.min(created_ms) "
                                        "FROM kafka.segment GROUP BY topic_id");
    std::vector<SegmentCount> counts;
    for (size_t i = 0; i < rows.size(); i++)
        counts.push_back({rows.uuid(i, 0), rows.int64(i, 1), rows.int64(i, 2)});
    return counts;
}

namespace {

/// Segments that lie below the log start offsets of all partitions, and whether that which their batches tell of producers is stored
/// elsewhere. Where rows of partitions are missing, somebody may be about to put them back.
constexpr const char* unreadable_segments =
    "SELECT s.id, s.topic_id,"
    "       NOT EXISTS (SELECT FROM pg_catalog.generate_subscripts(s.next_offsets, 1) AS p(i)"
    "                    WHERE s.next_offsets[i] > coalesce((SELECT offsets FROM kafka.producer_snapshot w"
    "                                                         WHERE w.topic_id = s.topic_id)[i], 0)) AS "
    "stored"
    "  FROM (SELECT id, topic_id, pg_catalog.lead(start_offsets) OVER (PARTITION BY topic_id ORDER BY id)"
    "          FROM kafka.segment) AS s(id, topic_id, next_offsets)"
    " WHERE s.next_offsets IS NOT NULL"
    "   AND (SELECT pg_catalog.count(*) >= pg_catalog.cardinality(s.next_offsets) AND"
    "               pg_catalog.bool_and(p.log_start_offset >= coalesce(s.next_offsets[p.partition + 1], 0))"
    "          FROM kafka.partition p WHERE p.topic_id = s.topic_id)";

} // namespace

std::vector<DeadSegment> dead_segments() {
    const pg::Result rows =
        pg::execute("SELECT s.id, s.topic_id FROM kafka.segment s"
                    " WHERE NOT EXISTS (SELECT FROM kafka.topic t WHERE t.id = s.topic_id)"
                    " UNION ALL SELECT u.id, u.topic_id FROM (" +
                    std::string(unreadable_segments) +
                    ") AS u WHERE u.stored"
                    " ORDER BY 1");
    std::vector<DeadSegment> segments;
    for (size_t i = 0; i < rows.size(); i++) segments.push_back({rows.int64(i, 0), rows.uuid(i, 1)});
    return segments;
}

std::vector<wire::Uuid> topics_with_producers_to_store() {
    const pg::Result rows = pg::execute("SELECT DISTINCT u.topic_id FROM (" +
                                        std::string(unreadable_segments) + ") AS u WHERE NOT u.stored");
    std::vector<wire::Uuid> topics;
    for (size_t i = 0; i < rows.size(); i++) topics.push_back(rows.uuid(i, 0));
    return topics;
}

void drop_segment(int64_t id) {
    pg::execute("SET LOCAL lock_timeout = '100ms'"); // of rows: the table's lock is not waited for
    pg::lock_at_once("kafka", segment_table_name(id));
    pg::execute("DROP TABLE IF EXISTS " + segment_table(id));
    for (const char* table : {"producer", "producer_snapshot", "aborted_transaction"})
        pg::execute(std::string("DELETE FROM kafka.") + table +
                        " WHERE topic_id = (SELECT s.topic_id FROM kafka.segment s WHERE s.id = $1"
                        " AND NOT EXISTS (SELECT FROM kafka.topic t WHERE t.id = s.topic_id))",
                    {id});
    pg::execute("DELETE FROM kafka.aborted_transaction a USING kafka.partition p"
                " WHERE a.topic_id = (SELECT s.topic_id FROM kafka.segment s WHERE s.id = $1)"
                "   AND p.topic_id = a.topic_id AND p.partition = a.partition"
                "   AND a.last_offset < p.log_start_offset",
                {id});
    pg::execute("DELETE FROM kafka.segment WHERE id = $1", {id});
}

} // namespace kafka::store
