// See catalog_reader.h.
#include "sql/catalog_reader.h"

#include "sql/stored_table.h"

#include <algorithm>

extern "C" {
#include "catalog/pg_type_d.h"
}

namespace kafka::sql {
namespace {

// Server code, run inside pg::call.

/// False if there is no such topic.
bool find_topic(Snapshot snapshot, const std::string& name, wire::Uuid* id) {
    const Relation table = open_stored_table("topic");
    const AttrNumber id_column = column_number(table, "id", UUIDOID);
    ScanKeyData of_name[] = {equal_to(column_number(table, "name", TEXTOID), name)};
    bool found = false;
    for_each_row(table, snapshot, of_name, [&](HeapTuple row) {
        *id = stored_uuid(table, row, id_column);
        found = true;
    });
    close_stored_table(table);
    return found;
}

void read_partitions(Snapshot snapshot, const wire::Uuid& topic, std::vector<StoredPartition>& partitions) {
    const Relation table = open_stored_table("partition");
    const AttrNumber index = column_number(table, "partition", INT4OID);
    const AttrNumber start = column_number(table, "log_start_offset", INT8OID);
    ScanKeyData of_topic[] = {equal_to(column_number(table, "topic_id", UUIDOID), topic)};
    for_each_row(table, snapshot, of_topic, [&](HeapTuple row) {
        partitions.push_back(
            {DatumGetInt32(stored_value(table, row, index)), DatumGetInt64(stored_value(table, row, start))});
    });
    close_stored_table(table);
}

void read_segments(Snapshot snapshot, const wire::Uuid& topic, std::vector<log::Segment>& segments) {
    const Relation table = open_stored_table("segment");
    const AttrNumber id = column_number(table, "id", INT8OID);
    const AttrNumber starts = column_number(table, "start_offsets", INT8ARRAYOID);
    const AttrNumber timestamps = column_number(table, "max_timestamps", INT8ARRAYOID);
    ScanKeyData of_topic[] = {equal_to(column_number(table, "topic_id", UUIDOID), topic)};
    for_each_row(table, snapshot, of_topic, [&](HeapTuple row) {
        log::Segment& segment = segments.emplace_back();
        segment.id = DatumGetInt64(stored_value(table, row, id));
        copy_stored(table, row, starts, segment.start_offsets);
        copy_stored(table, row, timestamps, segment.max_timestamps);
    });
    close_stored_table(table);
}

void copy_topic_names(Snapshot snapshot, std::vector<std::string>& names) {
    const Relation table = open_stored_table("topic");
    const AttrNumber name = column_number(table, "name", TEXTOID);
    for_each_row(table, snapshot, {}, [&](HeapTuple row) {
        const text* found = DatumGetTextPP(stored_value(table, row, name));
        names.emplace_back(VARDATA_ANY(found), size_t(VARSIZE_ANY_EXHDR(found)));
    });
    close_stored_table(table);
}

} // namespace

std::vector<std::string> read_topic_names(Snapshot snapshot) {
    std::vector<std::string> names;
    pg::call([&] { copy_topic_names(snapshot, names); });
    std::sort(names.begin(), names.end());
    return names;
}

std::optional<TopicLog> read_topic(Snapshot snapshot, const std::string& name) {
    TopicLog topic{{}, name, {}, {}};
    const bool found = pg::call([&] {
        if (!find_topic(snapshot, name, &topic.id)) return false;
        read_partitions(snapshot, topic.id, topic.partitions);
        read_segments(snapshot, topic.id, topic.segments);
        return true;
    });
    if (!found) return std::nullopt;
    std::sort(topic.partitions.begin(), topic.partitions.end(),
              [](auto& a, auto& b) { return a.index < b.index; });
    std::sort(topic.segments.begin(), topic.segments.end(), [](auto& a, auto& b) { return a.id < b.id; });
    return topic;
}

} // namespace kafka::sql
