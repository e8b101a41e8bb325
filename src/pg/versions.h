// Calls that differ between the server's versions. Private to pg/ and sql/; server code, functions end by
// ereport.
#pragma once
#include "pg/guard.h"

extern "C" {
#include "commands/explain.h"
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif
#include "executor/executor.h"
#include "optimizer/pathnode.h"
}

namespace kafka::pg {

/// A path that scans a foreign table and yields its rows in no particular order.
inline ForeignPath* foreign_scan_path(PlannerInfo* root, RelOptInfo* rel, double rows, Cost startup_cost,
                                      Cost total_cost, Relids required_outer) {
#if PG_VERSION_NUM >= 180000
    return create_foreignscan_path(root, rel, nullptr, rows, 0, startup_cost, total_cost, NIL, required_outer,
                                   nullptr, NIL, NIL);
#elif PG_VERSION_NUM >= 170000
    return create_foreignscan_path(root, rel, nullptr, rows, startup_cost, total_cost, NIL, required_outer,
                                   nullptr, NIL, NIL);
#else
    return create_foreignscan_path(root, rel, nullptr, rows, startup_cost, total_cost, NIL, required_outer,
                                   nullptr, NIL);
#endif
}

/// Enters a new row into the indexes that ExecOpenIndices() has opened.
inline List* insert_index_tuples(ResultRelInfo* relation, TupleTableSlot* row, EState* estate) {
#if PG_VERSION_NUM >= 160000
    return ExecInsertIndexTuples(relation, row, estate, false, false, nullptr, NIL, false);
#else
    return ExecInsertIndexTuples(relation, row, estate, false, false, nullptr, NIL);
#endif
}

} // namespace kafka::pg
