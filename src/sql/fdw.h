// The foreign data wrapper behind kafka.messages, kafka.log, kafka.partitions and kafka.producers: the callbacks that
// the server's planner and executor call, in the session of a query.
#pragma once
#include "pg/guard.h"

extern "C" {
#include "foreign/fdwapi.h"
}

namespace kafka::sql {

// Planner, in foreign_plan.cpp.
void estimate_rows(PlannerInfo* root, RelOptInfo* rel, Oid foreign_table);
void add_paths(PlannerInfo* root, RelOptInfo* rel, Oid foreign_table);
ForeignScan* make_plan(PlannerInfo* root, RelOptInfo* rel, Oid foreign_table, ForeignPath* path,
                       List* target_list, List* clauses, Plan* outer_plan);

// Executor, in foreign_scan.cpp.
void begin_scan(ForeignScanState* node, int flags);
TupleTableSlot* next_row(ForeignScanState* node);
void restart_scan(ForeignScanState* node);
void end_scan(ForeignScanState* node);
void explain_scan(ForeignScanState* node, ExplainState* state);

/// What a plan holds in fdw_private, beside the limits' operands in fdw_exprs.
namespace plan_part {
constexpr int limits = 0;   ///< list of what limit_to_list() made
constexpr int columns = 1;  ///< numbers of the columns that the query reads
constexpr int backward = 2; ///< 1 in a list: the last rows come first
} // namespace plan_part

} // namespace kafka::sql
