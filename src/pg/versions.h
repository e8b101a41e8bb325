// Calls that differ between the server's versions. Private to pg/ and sql/; server code, functions end by
// ereport.
#pragma once
#include "pg/guard.h"

extern "C" {
#include "access/genam.h"
#include "access/tableam.h"
#include "commands/explain.h"
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#else
#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#endif
#include "executor/executor.h"
#include "fmgr.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "utils/fmgrprotos.h"
}

namespace kafka::pg {

/// A path that scans a foreign table and yields its rows in the order of the path keys. `for_plan` is for whoever makes the plan.
inline ForeignPath* foreign_scan_path(PlannerInfo* root, RelOptInfo* rel, double rows, Cost startup_cost,
                                      Cost total_cost, List* pathkeys, Relids required_outer,
                                      List* for_plan) {
#if PG_VERSION_NUM >= 180000
    return create_foreignscan_path(root, rel, nullptr, rows, 0, startup_cost, total_cost, pathkeys,
                                   required_outer, nullptr, NIL, for_plan);
#elif PG_VERSION_NUM >= 170000
    return create_foreignscan_path(root, rel, nullptr, rows, startup_cost, total_cost, pathkeys,
                                   required_outer, nullptr, NIL, for_plan);
#else
    return create_foreignscan_path(root, rel, nullptr, rows, startup_cost, total_cost, pathkeys,
                                   required_outer, nullptr, for_plan);
#endif
}

/// The path key of an expression of a relation that is sorted by this operator, in a list of its own. NIL if no query could ask for it;
/// `make`: then it is made.
inline List* expression_pathkey(PlannerInfo* root, Expr* expression, Oid op, RelOptInfo* rel, bool make) {
#if PG_VERSION_NUM >= 160000
    return build_expression_pathkey(root, expression, op, rel->relids, make);
#else
    return build_expression_pathkey(root, expression, nullptr, op, rel->relids, make);
#endif
}

/// Parses JSON in the database's encoding. False if it is none; what jsonb has no room for may be an error.
inline bool parse_jsonb(char* json, int size, Datum* jsonb) {
#if PG_VERSION_NUM >= 160000
    (void)size;
    ErrorSaveContext errors{};
    errors.type = T_ErrorSaveContext;
    return DirectInputFunctionCallSafe(jsonb_in, json, InvalidOid, -1, reinterpret_cast<fmNodePtr>(&errors),
                                       jsonb);
#else
    JsonLexContext* tokens = makeJsonLexContextCstringLen(json, size, GetDatabaseEncoding(), true);
    if (pg_parse_json(tokens, &nullSemAction) != JSON_SUCCESS) return false;
    *jsonb = DirectFunctionCall1(jsonb_in, CStringGetDatum(json));
    return true;
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

/// What an update of a row means to its indexes, as table_tuple_update() says it.
#if PG_VERSION_NUM >= 160000
using IndexUpdates = TU_UpdateIndexes;
#else
using IndexUpdates = bool;
#endif

/// Enters the new version of a row into the indexes that need it.
inline void update_index_tuples(ResultRelInfo* relation, TupleTableSlot* row, EState* estate,
                                IndexUpdates updates) {
#if PG_VERSION_NUM >= 160000
    if (updates != TU_None)
        list_free(ExecInsertIndexTuples(relation, row, estate, true, false, nullptr, NIL,
                                        updates == TU_Summarizing));
#else
    if (updates) list_free(ExecInsertIndexTuples(relation, row, estate, true, false, nullptr, NIL));
#endif
}

/// A scan of an index for rows that a snapshot sees.
inline IndexScanDesc begin_index_scan(Relation table, Relation index, Snapshot snapshot, int keys) {
#if PG_VERSION_NUM >= 180000
    return index_beginscan(table, index, snapshot, nullptr, keys, 0);
#else
    return index_beginscan(table, index, snapshot, keys, 0);
#endif
}

} // namespace kafka::pg
