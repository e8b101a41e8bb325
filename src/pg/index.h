// What an index must be to find rows by its key without asking the planner. Private to pg/ and sql/; server code.
#pragma once
#include <cstddef>
#include <span>

#include "pg/guard.h"

extern "C" {
#include "catalog/pg_am_d.h"
#include "utils/rel.h"
}

namespace kafka::pg {

/// True for a B-tree whose first columns are these of the table. Somebody may have made any index, or altered ours by hand.
inline bool begins_with(Relation index, std::span<const AttrNumber> columns) {
    const FormData_pg_index& form = *index->rd_index;
    if (index->rd_rel->relam != BTREE_AM_OID || size_t(form.indnkeyatts) < columns.size()) return false;
    for (size_t i = 0; i < columns.size(); i++)
        if (form.indkey.values[i] != columns[i]) return false;
    return true;
}

} // namespace kafka::pg
