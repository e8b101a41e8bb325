// See limit.h.
#include "sql/limit.h"

extern "C" {
#include "access/stratnum.h"
#include "catalog/pg_opfamily_d.h"
#include "catalog/pg_type_d.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
}

namespace kafka::sql {
namespace {

/// A comparison with the column's side on the left.
struct Comparison {
    Oid op;
    Oid collation;
    Expr* column;
    Expr* operand;
    bool any;
};

bool is_column(const RelOptInfo* rel, const Expr* side) {
    if (!side || !IsA(side, Var)) return false;
    auto* var = reinterpret_cast<const Var*>(side);
    return var->varno == static_cast<int>(rel->relid) && var->varlevelsup == 0 && var->varattno > 0;
}

bool read_operator(const RelOptInfo* rel, const OpExpr* clause, Comparison* comparison) {
    if (list_length(clause->args) != 2) return false;
    auto* left = static_cast<Expr*>(linitial(clause->args));
    auto* right = static_cast<Expr*>(lsecond(clause->args));
    *comparison = {clause->opno, clause->inputcollid, left, right, false};
    if (is_column(rel, left)) return true;
    *comparison = {get_commutator(clause->opno), clause->inputcollid, right, left, false};
    return is_column(rel, right) && OidIsValid(comparison->op);
}

bool read_any(const RelOptInfo* rel, const ScalarArrayOpExpr* clause, Comparison* comparison) {
    auto* left = static_cast<Expr*>(linitial(clause->args));
    auto* right = static_cast<Expr*>(lsecond(clause->args));
    *comparison = {clause->opno, clause->inputcollid, left, right, true};
    return clause->useOr && is_column(rel, left);
}

bool read_comparison(const RelOptInfo* rel, const Expr* clause, Comparison* comparison) {
    if (IsA(clause, OpExpr)) return read_operator(rel, reinterpret_cast<const OpExpr*>(clause), comparison);
    if (IsA(clause, ScalarArrayOpExpr))
        return read_any(rel, reinterpret_cast<const ScalarArrayOpExpr*>(clause), comparison);
    return false;
}

/// Known before the scan starts, and the same however often it is asked for.
bool is_known_before(PlannerInfo* root, const RelOptInfo* rel, Expr* operand) {
    auto* node = reinterpret_cast<Node*>(operand);
    return !bms_is_member(static_cast<int>(rel->relid), pull_varnos(root, node)) &&
           !contain_volatile_functions(node) && !contain_subplans(node);
}

/// The operator family whose comparisons of the column can be limits.
Oid family_of(Column column) {
    switch (column) {
    case Column::topic:
        return TEXT_BTREE_FAM_OID;
    case Column::partition:
    case Column::offset:
        return INTEGER_BTREE_FAM_OID;
    case Column::key:
        return BYTEA_BTREE_FAM_OID;
    case Column::timestamp:
        return lookup_type_cache(TIMESTAMPTZOID, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
    default:
        return InvalidOid;
    }
}

bool is_operand_type(Column column, Oid type) {
    switch (column) {
    case Column::topic:
        return type == TEXTOID;
    case Column::key:
        return type == BYTEAOID;
    case Column::timestamp:
        return type == TIMESTAMPTZOID;
    default:
        return type == INT2OID || type == INT4OID || type == INT8OID;
    }
}

/// Topics are looked up by name, and keys in a list; of timestamps only a lower bound helps, for later batches may hold earlier
/// times.
bool is_of_use(Column column, int strategy, bool any) {
    if (strategy == BTEqualStrategyNumber) return !(any && column == Column::timestamp);
    if (any || column == Column::topic || column == Column::key) return false;
    return column != Column::timestamp || strategy == BTGreaterEqualStrategyNumber ||
           strategy == BTGreaterStrategyNumber;
}

/// Names that are equal in a nondeterministic collation need not have equal bytes.
bool compares_bytes(Column column, Oid collation) {
    return column != Column::topic || (OidIsValid(collation) && get_collation_isdeterministic(collation));
}

} // namespace

bool as_limit(PlannerInfo* root, RelOptInfo* rel, Relation table, Expr* clause, Limit* limit) {
    Comparison comparison;
    if (!read_comparison(rel, clause, &comparison)) return false;
    const Column column = column_of(table, reinterpret_cast<Var*>(comparison.column)->varattno);
    const Oid family = family_of(column);
    const int strategy = OidIsValid(family) ? get_op_opfamily_strategy(comparison.op, family) : 0;
    if (strategy == 0 || !is_of_use(column, strategy, comparison.any)) return false;
    Oid left, right;
    op_input_types(comparison.op, &left, &right);
    if (!is_operand_type(column, right) || !compares_bytes(column, comparison.collation)) return false;
    if (!is_known_before(root, rel, comparison.operand)) return false;
    *limit = {column, strategy, comparison.any, comparison.operand};
    return true;
}

List* limit_to_list(const Limit& limit) {
    return list_make3_int(static_cast<int>(limit.column), limit.strategy, limit.any);
}

Limit limit_from_list(const List* list) {
    return {static_cast<Column>(linitial_int(list)), lsecond_int(list), lthird_int(list) != 0, nullptr};
}

const char* sign_of(const Limit& limit) {
    if (limit.any) return "= ANY";
    switch (limit.strategy) {
    case BTLessStrategyNumber:
        return "<";
    case BTLessEqualStrategyNumber:
        return "<=";
    case BTEqualStrategyNumber:
        return "=";
    case BTGreaterEqualStrategyNumber:
        return ">=";
    default:
        return ">";
    }
}

} // namespace kafka::sql
