// Limits: those conditions of a query that tell, before anything is read, which part of the log can hold its
// rows, or which keys its records can have. A limit compares a column with an operand that does not depend on the foreign table's rows: a
// constant, a parameter, a column of another table in a nested loop. The conditions themselves stay with the
// executor, so a limit saves work and decides nothing. Server code: functions end by ereport. Runs in the
// session of a query, when it is planned and explained.
#pragma once
#include "sql/foreign_table.h"

extern "C" {
#include "nodes/pathnodes.h"
#include "nodes/primnodes.h"
}

namespace kafka::sql {

struct Limit {
    Column column;
    int strategy; ///< of a B-tree: BTLessStrategyNumber and so on
    bool any;     ///< the operand is an array, of whose elements one must be equal
    Expr* operand;
};

/// The limit that `clause` sets for the foreign table `rel`, opened as `table`. False if it sets none.
bool as_limit(PlannerInfo* root, RelOptInfo* rel, Relation table, Expr* clause, Limit* limit);

/// Whether less is read because of it. What is read for a key is decided by the other limits, but records of other keys do not
/// become rows.
inline bool narrows_reading(const Limit& limit) { return limit.column != Column::key; }

/// A limit but for its operand, as a node that a plan can hold; and back.
List* limit_to_list(const Limit& limit);
Limit limit_from_list(const List* list);

/// "=", "<", ... as EXPLAIN shows it.
const char* sign_of(const Limit& limit);

} // namespace kafka::sql
