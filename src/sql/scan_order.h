// The order in which scans of records give their rows: by topic, partition and offset, all ascending or all descending. A query that
// asks for that needs no sort, and with LIMIT reads no more than it returns. Server code: functions end by ereport. Runs in the session
// of a query, when it is planned.
#pragma once
#include "pg/guard.h"

extern "C" {
#include "nodes/pathnodes.h"
#include "utils/rel.h"
}

namespace kafka::sql {

/// The order of a scan of the foreign table `rel`, opened as `table`, as path keys; NIL if that is of no use to the query.
List* scan_order(PlannerInfo* root, RelOptInfo* rel, Relation table, bool backward);

} // namespace kafka::sql
