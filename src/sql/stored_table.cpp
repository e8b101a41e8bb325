// See stored_table.h.
#include "sql/stored_table.h"

#include "pg/index.h"

#include <algorithm>
#include <cstring>

extern "C" {
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
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

/// Of an index that was made after a row had changed in place, an older snapshot cannot make use; so says the planner, too.
bool is_usable(Relation index) {
    const FormData_pg_index& form = *index->rd_index;
    return form.indisvalid && form.indisready &&
           (!form.indcheckxmin ||
            TransactionIdPrecedes(HeapTupleHeaderGetXmin(index->rd_indextuple->t_data), TransactionXmin));
}

bool finds(Relation index, std::span<const ScanKeyData> keys) {
    AttrNumber columns[INDEX_MAX_KEYS];
    std::transform(keys.begin(), keys.end(), columns, [](const ScanKeyData& key) { return key.sk_attno; });
    return pg::begins_with(index, {columns, keys.size()}) && is_usable(index) &&
           heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, nullptr) &&
           std::equal(keys.begin(), keys.end(), index->rd_indcollation,
                      [](const ScanKeyData& key, Oid collation) { return key.sk_collation == collation; });
}

template <class T> bool copy_array(Datum datum, std::vector<T>& to) {
    to.clear();
    if (datum == 0) return false;
    ArrayType* array = DatumGetArrayTypeP(datum);
    if (ARR_NDIM(array) > 1 || array_contains_nulls(array)) return false;
    if (ARR_NDIM(array) == 0) return true;
    to.resize(size_t(ARR_DIMS(array)[0]));
    std::memcpy(to.data(), ARR_DATA_PTR(array), to.size() * sizeof(T));
    return true;
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

ScanKeyData at_most(AttrNumber column, int64_t number) {
    return comparison(column, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(number));
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

bool copy_stored(Relation table, HeapTuple row, AttrNumber column, int32_t& to) {
    bool null;
    const Datum datum = heap_getattr(row, column, RelationGetDescr(table), &null);
    if (!null) to = DatumGetInt32(datum);
    return !null;
}

bool copy_stored(Relation table, HeapTuple row, AttrNumber column, int64_t& to) {
    bool null;
    const Datum datum = heap_getattr(row, column, RelationGetDescr(table), &null);
    if (!null) to = DatumGetInt64(datum);
    return !null;
}

bool copy_stored(Relation table, HeapTuple row, AttrNumber column, std::vector<int32_t>& to) {
    return copy_array(stored_value(table, row, column), to);
}

bool copy_stored(Relation table, HeapTuple row, AttrNumber column, std::vector<int64_t>& to) {
    return copy_array(stored_value(table, row, column), to);
}

bool copy_stored(Relation table, HeapTuple row, AttrNumber column, std::vector<wire::Uuid>& to) {
    return copy_array(stored_value(table, row, column), to);
}

Oid index_for(Relation table, std::span<const ScanKeyData> keys) {
    List* all = RelationGetIndexList(table);
    Oid found = InvalidOid;
    ListCell* cell;
    foreach (cell, all) {
        const Relation index = index_open(lfirst_oid(cell), AccessShareLock);
        if (finds(index, keys)) found = RelationGetRelid(index);
        index_close(index, AccessShareLock);
        if (OidIsValid(found)) break;
    }
    list_free(all);
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
