// A table that rows are written to without a statement for each. Private to pg/; server code, main thread only, functions end by
// ereport.
#pragma once
#include "pg/arguments.h"

#include <string>

#include "pg/guard.h"

extern "C" {
#include "nodes/execnodes.h"
#include "utils/rel.h"
}

namespace kafka::pg {

/// Everything that it points to belongs to the transaction: an error needs no close().
struct OpenTable {
    Relation table = nullptr;
    EState* estate = nullptr;
    ResultRelInfo* relation = nullptr; ///< with the table's indexes, open; null: it is not a plain table
    Arguments values;                  ///< of the row at hand, which form() takes

    /// Takes the lock of whoever writes rows. False if it is no plain table, but a view or partitioned.
    bool open(const char* schema, const char* name);
    /// The lock is kept until the end of the transaction.
    void close();
    /// True if the values have the types of the first columns and the others compute nothing: somebody may have altered the table by hand.
    bool fits() const noexcept;
    /// True if there are columns that somebody has added by hand, or added and dropped, which stay in the table's shape.
    bool has_more_columns() const noexcept;
    /// The values as a row in the memory of the transaction; columns that it has no values for are null.
    HeapTuple form();
    /// What the table's CHECK and NOT NULL constraints say of a row.
    void check_constraints(TupleTableSlot* row) const;
};

} // namespace kafka::pg
