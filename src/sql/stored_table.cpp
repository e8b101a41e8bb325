// See stored_table.h.
#include "sql/stored_table.h"

#include <cstring>

extern "C" {
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/uuid.h"
}

namespace kafka::sql {
namespace {

ScanKeyData comparison(AttrNumber column, StrategyNumber strategy, RegProcedure compare, Datum value,
                       Oid collation = InvalidOid) {
    ScanKeyData key;
    ScanKeyEntryInitialize(&key, 0, column, strategy, InvalidOid, collation, compare, value);
    return key;
}

bool begins_with(const FormData_pg_index& index, std::span<const ScanKeyData> keys) {
    if (!index.indisvalid || size_t(index.indnkeyatts) < keys.size()) return false;
    for (size_t i = 0; i < keys.size(); i++)
        if (index.indkey.values[i] != keys[i].sk_attno) return false;
    return true;
}

template <class T> void copy_array(Datum datum, std::vector<T>& to) {
    to.clear();
    if (datum == 0) return;
    ArrayType* array = DatumGetArrayTypeP(datum);
    if (ARR_NDIM(array) != 1 || array_contains_nulls(array)) return;
    to.resize(size_t(ARR_DIMS(array)[0]));
    std::memcpy(to.data(), ARR_DATA_PTR(array), to.size() * sizeof(T));
}

} // namespace

Relation open_stored_table(const char* name) {
    const Oid oid = get_relname_relid(name, get_namespace_oid("kafka", false));
    if (!OidIsValid(oid))
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation \"kafka.%s\" does not exist", name)));
    return table_open(oid, AccessShareLock);
}

AttrNumber column_number(Relation table, const char* name, Oid type) {
    const AttrNumber number = get_attnum(RelationGetRelid(table), name);
    if (number > 0 && TupleDescAttr(RelationGetDescr(table), number - 1)->atttypid == type) return number;
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                    errmsg("table \"kafka.%s\" has no column \"%s\" of type %s",
                           RelationGetRelationName(table), name, format_type_be(type))));
    pg_unreachable();
}

ScanKeyData equal_to(AttrNumber column, std::string_view text) {
    const Datum copy = PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
    return comparison(column, BTEqualStrategyNumber, F_TEXTEQ, copy, C_COLLATION_OID);
}

ScanKeyData equal_to(AttrNumber column, const wire::Uuid& uuid) {
    static_assert(sizeof(wire::Uuid) == sizeof(pg_uuid_t));
    return comparison(column, BTEqualStrategyNumber, F_UUID_EQ, PointerGetDatum(uuid.data()));
}

ScanKeyData equal_to(AttrNumber column, int32_t number) {
    return comparison(column, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(number));
}

ScanKeyData greater_than(AttrNumber column, int64_t number) {
    return comparison(column, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(number));
}

Datum stored_value(Relation table, HeapTuple row, AttrNumber column) {
    bool null;
    const Datum datum = heap_getattr(row, column, RelationGetDescr(table), &null);
    return null ? 0 : datum;
}

wire::Uuid stored_uuid(Relation table, HeapTuple row, AttrNumber column) {
    wire::Uuid uuid{};
    if (const Datum datum = stored_value(table, row, column))
        std::memcpy(uuid.data(), DatumGetUUIDP(datum)->data, uuid.size());
    return uuid;
}

void copy_stored(Relation table, HeapTuple row, AttrNumber column, std::vector<int32_t>& to) {
    copy_array(stored_value(table, row, column), to);
}

void copy_stored(Relation table, HeapTuple row, AttrNumber column, std::vector<int64_t>& to) {
    copy_array(stored_value(table, row, column), to);
}

void copy_stored(Relation table, HeapTuple row, AttrNumber column, std::vector<wire::Uuid>& to) {
    copy_array(stored_value(table, row, column), to);
}

Oid index_for(Relation table, std::span<const ScanKeyData> keys) {
    Oid found = InvalidOid;
    ListCell* cell;
    foreach (cell, RelationGetIndexList(table)) {
        const HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
        if (!HeapTupleIsValid(tuple)) continue;
        auto* index = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
        const bool partial = !heap_attisnull(tuple, Anum_pg_index_indpred, nullptr);
        if (!partial && begins_with(*index, keys)) found = index->indexrelid;
        ReleaseSysCache(tuple);
        if (OidIsValid(found)) break;
    }
    return found;
}

Relation open_index_for(Relation table, std::span<const ScanKeyData> keys) {
    const Oid index = index_for(table, keys);
    if (!OidIsValid(index))
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                 errmsg("table \"kafka.%s\" has lost its primary key", RelationGetRelationName(table))));
    return index_open(index, AccessShareLock);
}

} // namespace kafka::sql
