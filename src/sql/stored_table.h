// Tables of ours as a query's snapshot sees them, read straight and not by SQL: whoever may read a view need not have rights on the
// tables behind it. Private to sql/; server code, functions end by ereport. Runs in the session of a query.
#pragma once
#include "wire/bytes.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "pg/guard.h"

extern "C" {
#include "access/genam.h"
#include "access/htup.h"
#include "access/skey.h"
#include "access/table.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapshot.h"
}

namespace kafka::sql {

/// To be closed with the lock of whoever reads.
Relation open_stored_table(const char* name);
inline void close_stored_table(Relation table) { table_close(table, AccessShareLock); }

/// The number of a column; an error if there is none of that name and type: somebody may have altered the table by hand.
AttrNumber column_number(Relation table, const char* name, Oid type);

// What a column is compared with. Of by-reference values the memory has to live as long as the scan.
ScanKeyData equal_to(AttrNumber column, std::string_view text);
ScanKeyData equal_to(AttrNumber column, const wire::Uuid& uuid);
ScanKeyData equal_to(AttrNumber column, int32_t number);
ScanKeyData greater_than(AttrNumber column, int64_t number);
ScanKeyData at_most(AttrNumber column, int64_t number);

/// A value that must be there; null gives 0.
Datum stored_value(Relation table, HeapTuple row, AttrNumber column);
wire::Uuid stored_uuid(Relation table, HeapTuple row, AttrNumber column);
/// False if it is null.
bool copy_stored(Relation table, HeapTuple row, AttrNumber column, int32_t& to);
bool copy_stored(Relation table, HeapTuple row, AttrNumber column, int64_t& to);
/// The elements of an array. False, and none, if it is null, has nulls or several dimensions.
bool copy_stored(Relation table, HeapTuple row, AttrNumber column, std::vector<int32_t>& to);
bool copy_stored(Relation table, HeapTuple row, AttrNumber column, std::vector<int64_t>& to);
bool copy_stored(Relation table, HeapTuple row, AttrNumber column, std::vector<wire::Uuid>& to);

/// A B-tree of all rows that is in the order of the keys' columns; invalid if there is none.
Oid index_for(Relation table, std::span<const ScanKeyData> keys);
/// The same, opened; an error if there is none.
Relation open_index_for(Relation table, std::span<const ScanKeyData> keys);

/// Calls `each` with the rows that all keys select. What it allocates is gone with the next row: a query may look into tables many times
/// before it has a row of its own.
template <class F> void for_each_row(Relation table, Snapshot snapshot, std::span<ScanKeyData> keys, F each) {
    const MemoryContext of_row =
        AllocSetContextCreate(CurrentMemoryContext, "pg_kafka stored row", ALLOCSET_SMALL_SIZES);
    const Oid index = keys.empty() ? InvalidOid : index_for(table, keys);
    const SysScanDesc scan = systable_beginscan(table, index, OidIsValid(index), snapshot,
                                                static_cast<int>(keys.size()), keys.data());
    while (const HeapTuple row = systable_getnext(scan)) {
        const MemoryContext caller = MemoryContextSwitchTo(of_row);
        each(row);
        MemoryContextSwitchTo(caller);
        MemoryContextReset(of_row);
    }
    systable_endscan(scan);
    MemoryContextDelete(of_row);
}

} // namespace kafka::sql
