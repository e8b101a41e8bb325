// See catalog_reader.h.
#include "sql/catalog_reader.h"

#include <algorithm>
#include <cstring>

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/uuid.h"
}

namespace kafka::sql {
namespace {

// Server code, run inside pg::call.

Relation open_table(const char* name) {
    const Oid oid = get_relname_relid(name, get_namespace_oid("kafka", false));
    if (!OidIsValid(oid))
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation \"kafka.%s\" does not exist", name)));
    return table_open(oid, AccessShareLock);
}

AttrNumber column(Relation table, const char* name, Oid type) {
    const AttrNumber number = get_attnum(RelationGetRelid(table), name);
    if (number > 0 && TupleDescAttr(RelationGetDescr(table), number - 1)->atttypid == type) return number;
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                    errmsg("table \"kafka.%s\" has no column \"%s\" of type %s",
                           RelationGetRelationName(table), name, format_type_be(type))));
    pg_unreachable();
}

/// An index that serves a search for one value of the column; invalid if there is none.
Oid index_led_by(Relation table, AttrNumber column) {
    Oid found = InvalidOid;
    ListCell* cell;
    foreach (cell, RelationGetIndexList(table)) {
        const HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
        if (!HeapTupleIsValid(tuple)) continue;
        auto* index = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
        const bool partial = !heap_attisnull(tuple, Anum_pg_index_indpred, nullptr);
        if (index->indisvalid && !partial && index->indkey.values[0] == column) found = index->indexrelid;
        ReleaseSysCache(tuple);
        if (OidIsValid(found)) break;
    }
    return found;
}

ScanKeyData equal_to(AttrNumber column, RegProcedure equal, Datum value, Oid collation = InvalidOid) {
    ScanKeyData key;
    ScanKeyEntryInitialize(&key, 0, column, BTEqualStrategyNumber, InvalidOid, collation, equal, value);
    return key;
}

/// Calls `each` with all rows of the table that the key (null: none) selects.
template <class F> void for_each_row(Relation table, Snapshot snapshot, ScanKeyData* key, F each) {
    const Oid index = key ? index_led_by(table, key->sk_attno) : InvalidOid;
    const SysScanDesc scan = systable_beginscan(table, index, OidIsValid(index), snapshot, key ? 1 : 0, key);
    while (const HeapTuple tuple = systable_getnext(scan)) each(tuple);
    systable_endscan(scan);
}

/// A value that must be there; null gives 0.
Datum value(Relation table, HeapTuple row, AttrNumber column) {
    bool null;
    const Datum datum = heap_getattr(row, column, RelationGetDescr(table), &null);
    return null ? 0 : datum;
}

void copy_array(Relation table, HeapTuple row, AttrNumber column, std::vector<int64_t>& to) {
    const Datum datum = value(table, row, column);
    if (datum == 0) return;
    ArrayType* array = DatumGetArrayTypeP(datum);
    if (ARR_NDIM(array) != 1 || ARR_HASNULL(array)) return;
    auto* first = reinterpret_cast<const int64_t*>(ARR_DATA_PTR(array));
    to.assign(first, first + ARR_DIMS(array)[0]);
}

/// False if there is no such topic.
bool find_topic(Snapshot snapshot, const std::string& name, pg_uuid_t* id) {
    const Relation table = open_table("topic");
    const AttrNumber id_column = column(table, "id", UUIDOID);
    ScanKeyData key =
        equal_to(column(table, "name", TEXTOID), F_TEXTEQ,
                 PointerGetDatum(cstring_to_text_with_len(name.data(), static_cast<int>(name.size()))),
                 C_COLLATION_OID);
    bool found = false;
    for_each_row(table, snapshot, &key, [&](HeapTuple row) {
        std::memcpy(id, DatumGetUUIDP(value(table, row, id_column)), sizeof *id);
        found = true;
    });
    table_close(table, AccessShareLock);
    return found;
}

void read_partitions(Snapshot snapshot, pg_uuid_t* topic, std::vector<StoredPartition>& partitions) {
    const Relation table = open_table("partition");
    const AttrNumber index = column(table, "partition", INT4OID);
    const AttrNumber start = column(table, "log_start_offset", INT8OID);
    ScanKeyData key = equal_to(column(table, "topic_id", UUIDOID), F_UUID_EQ, UUIDPGetDatum(topic));
    for_each_row(table, snapshot, &key, [&](HeapTuple row) {
        partitions.push_back(
            {DatumGetInt32(value(table, row, index)), DatumGetInt64(value(table, row, start))});
    });
    table_close(table, AccessShareLock);
}

void read_segments(Snapshot snapshot, pg_uuid_t* topic, std::vector<log::Segment>& segments) {
    const Relation table = open_table("segment");
    const AttrNumber id = column(table, "id", INT8OID);
    const AttrNumber starts = column(table, "start_offsets", INT8ARRAYOID);
    const AttrNumber timestamps = column(table, "max_timestamps", INT8ARRAYOID);
    ScanKeyData key = equal_to(column(table, "topic_id", UUIDOID), F_UUID_EQ, UUIDPGetDatum(topic));
    for_each_row(table, snapshot, &key, [&](HeapTuple row) {
        log::Segment& segment = segments.emplace_back();
        segment.id = DatumGetInt64(value(table, row, id));
        copy_array(table, row, starts, segment.start_offsets);
        copy_array(table, row, timestamps, segment.max_timestamps);
    });
    table_close(table, AccessShareLock);
}

void copy_topic_names(Snapshot snapshot, std::vector<std::string>& names) {
    const Relation table = open_table("topic");
    const AttrNumber name = column(table, "name", TEXTOID);
    for_each_row(table, snapshot, nullptr, [&](HeapTuple row) {
        const text* found = DatumGetTextPP(value(table, row, name));
        names.emplace_back(VARDATA_ANY(found), size_t(VARSIZE_ANY_EXHDR(found)));
    });
    table_close(table, AccessShareLock);
}

} // namespace

std::vector<std::string> read_topic_names(Snapshot snapshot) {
    std::vector<std::string> names;
    pg::call([&] { copy_topic_names(snapshot, names); });
    std::sort(names.begin(), names.end());
    return names;
}

std::optional<TopicLog> read_topic(Snapshot snapshot, const std::string& name) {
    TopicLog topic{name, {}, {}};
    const bool found = pg::call([&] {
        pg_uuid_t id;
        if (!find_topic(snapshot, name, &id)) return false;
        read_partitions(snapshot, &id, topic.partitions);
        read_segments(snapshot, &id, topic.segments);
        return true;
    });
    if (!found) return std::nullopt;
    std::sort(topic.partitions.begin(), topic.partitions.end(),
              [](auto& a, auto& b) { return a.index < b.index; });
    std::sort(topic.segments.begin(), topic.segments.end(), [](auto& a, auto& b) { return a.id < b.id; });
    return topic;
}

} // namespace kafka::sql
