// See open_table.h.
#include "pg/open_table.h"

#include <algorithm>

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class_d.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
}

namespace kafka::pg {

bool OpenTable::open(const char* schema, const char* name) {
    table =
        table_openrv(makeRangeVar(const_cast<char*>(schema), const_cast<char*>(name), -1), RowExclusiveLock);
    if (table->rd_rel->relkind != RELKIND_RELATION) return false;
    estate = CreateExecutorState();
    const MemoryContext caller = MemoryContextSwitchTo(estate->es_query_cxt);
    relation = makeNode(ResultRelInfo);
    InitResultRelInfo(relation, table, 0, nullptr, 0);
    ExecOpenIndices(relation, false);
    MemoryContextSwitchTo(caller);
    return true;
}

void OpenTable::close() {
    if (relation) {
        ExecCloseIndices(relation);
        FreeExecutorState(estate);
    }
    table_close(table, NoLock);
}

bool OpenTable::fits() const noexcept {
    const TupleDesc columns = RelationGetDescr(table);
    const std::vector<Oid>& types = values.types();
    if (size_t(columns->natts) < types.size()) return false;
    if (columns->constr && columns->constr->has_generated_stored) return false;
    for (size_t i = 0; i < types.size(); i++) {
        const Form_pg_attribute column = TupleDescAttr(columns, int(i));
        if (column->attisdropped || column->atttypid != types[i]) return false;
    }
    return true;
}

bool OpenTable::has_more_columns() const noexcept { return RelationGetDescr(table)->natts > values.count(); }

HeapTuple OpenTable::form() {
    Datum datums[MaxHeapAttributeNumber];
    bool nulls[MaxHeapAttributeNumber];
    const int columns = RelationGetDescr(table)->natts, given = values.count();
    for (int i = 0; i < given; i++) {
        datums[i] = values.datums()[i];
        nulls[i] = values.nulls()[i] == 'n';
    }
    std::fill(datums + given, datums + columns, Datum(0));
    std::fill(nulls + given, nulls + columns, true);
    return heap_form_tuple(RelationGetDescr(table), datums, nulls);
}

void OpenTable::check_constraints(TupleTableSlot* row) const {
    if (table->rd_att->constr) ExecConstraints(relation, row, estate);
}

} // namespace kafka::pg
