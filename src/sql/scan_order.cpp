// See scan_order.h.
#include "sql/scan_order.h"

#include "pg/versions.h"
#include "sql/foreign_table.h"

extern "C" {
#include "access/stratnum.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_opfamily_d.h"
#include "nodes/makefuncs.h"
#include "utils/lsyscache.h"
}

namespace kafka::sql {
namespace {

constexpr struct {
    Column column;
    Oid family;
} order[] = {{Column::topic, TEXT_BTREE_FAM_OID},
             {Column::partition, INTEGER_BTREE_FAM_OID},
             {Column::offset, INTEGER_BTREE_FAM_OID}};

/// Null if the table does not have the column.
Form_pg_attribute find(Relation table, Column column) {
    const TupleDesc columns = RelationGetDescr(table);
    for (int i = 0; i < columns->natts; i++) {
        const Form_pg_attribute attribute = TupleDescAttr(columns, i);
        if (!attribute->attisdropped && column_of(table, attribute->attnum) == column) return attribute;
    }
    return nullptr;
}

Expr* expression_of(const RelOptInfo* rel, Form_pg_attribute attribute) {
    return reinterpret_cast<Expr*>(makeVar(static_cast<int>(rel->relid), attribute->attnum,
                                           attribute->atttypid, attribute->atttypmod, attribute->attcollation,
                                           0));
}

/// All that the rows are ordered by, but for columns that are the same in all rows. Where no query could ask for a column there is no
/// key for it, nor for those after it; `make`: then it is made.
List* all_keys(PlannerInfo* root, RelOptInfo* rel, Relation table, bool backward, bool make) {
    const int16 strategy = backward ? BTGreaterStrategyNumber : BTLessStrategyNumber;
    List* keys = NIL;
    for (const auto& [column, family] : order) {
        const Form_pg_attribute attribute = find(table, column);
        if (!attribute) break;
        // Names come in the order of their bytes.
        if (column == Column::topic && attribute->attcollation != C_COLLATION_OID) break;
        const Oid op = get_opfamily_member(family, attribute->atttypid, attribute->atttypid, strategy);
        List* found = pg::expression_pathkey(root, expression_of(rel, attribute), op, rel, make);
        if (found == NIL) break;
        if (!EC_MUST_BE_REDUNDANT(linitial_node(PathKey, found)->pk_eclass)) keys = list_concat(keys, found);
    }
    return keys;
}

} // namespace

List* scan_order(PlannerInfo* root, RelOptInfo* rel, Relation table, bool backward) {
    if (root->query_pathkeys != NIL) {
        List* keys = all_keys(root, rel, table, backward, false);
        return pathkeys_contained_in(root->query_pathkeys, keys) ? keys : NIL;
    }
    // The query around a subquery may ask for it, such as one of a view that is a security barrier.
    return root->parent_root ? all_keys(root, rel, table, backward, true) : NIL;
}

} // namespace kafka::sql
