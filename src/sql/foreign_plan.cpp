// How scans of the log are planned: which conditions limit what is read, what that may cost, and one path for
// each set of other tables that a nested loop could take operands from. Server code: functions end by
// ereport.
#include "pg/versions.h"
#include "sql/fdw.h"
#include "sql/limit.h"
#include "sql/scan_order.h"

extern "C" {
#include "access/stratnum.h"
#include "access/table.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/rel.h"
}

namespace kafka::sql {
namespace {

// Nothing is counted in advance. So a log is taken to be long; what matters is that a scan gets cheaper with
// each limit.
constexpr double assumed_messages = 1e7;
constexpr double assumed_partitions = 1000;
constexpr double share_of_topic = 0.2;
constexpr double share_of_partition = 0.5;
constexpr double share_of_offset = 1e-6;
constexpr double assumed_list_length = 10;
constexpr double operators_per_row = 10; ///< what decoding a record costs, in terms of cpu_operator_cost

/// The share of rows that have one value of a column.
double share_of_value(Column column) {
    switch (column) {
    case Column::topic:
        return share_of_topic;
    case Column::partition:
        return share_of_partition;
    default:
        return share_of_offset;
    }
}

Relation open_planned(PlannerInfo* root, RelOptInfo* rel) {
    return table_open(planner_rt_fetch(rel->relid, root)->relid, NoLock); // the planner holds a lock
}

/// Those of the RestrictInfos that set a limit to what is read.
List* limiting(PlannerInfo* root, RelOptInfo* rel, Relation table, List* restrictions) {
    List* limiting = NIL;
    ListCell* cell;
    foreach (cell, restrictions) {
        Limit limit;
        auto* restriction = lfirst_node(RestrictInfo, cell);
        if (as_limit(root, rel, table, restriction->clause, &limit) && narrows_reading(limit))
            limiting = lappend(limiting, restriction);
    }
    return limiting;
}

/// The share of all rows that the RestrictInfos leave.
double share_of_rows(PlannerInfo* root, RelOptInfo* rel, Relation table, List* restrictions) {
    double share = 1;
    List* others = NIL;
    ListCell* cell;
    foreach (cell, restrictions) {
        Limit limit;
        auto* restriction = lfirst_node(RestrictInfo, cell);
        const bool is_limit =
            as_limit(root, rel, table, restriction->clause, &limit) && narrows_reading(limit);
        if (is_limit && limit.strategy == BTEqualStrategyNumber)
            share *= Min(1, share_of_value(limit.column) * (limit.any ? assumed_list_length : 1));
        else
            others = lappend(others, restriction);
    }
    return share * clauselist_selectivity(root, others, 0, JOIN_INNER, nullptr);
}

bool shows_records(Relation table) {
    const RowKind rows = row_kind_of(RelationGetRelid(table));
    return rows == RowKind::messages || rows == RowKind::log;
}

/// Of a scan that decodes `read` records; going back it passes over them once before.
Path* path_of(PlannerInfo* root, RelOptInfo* rel, double rows, double read, List* order, Relids outer,
              bool backward) {
    const double operators = operators_per_row * (backward ? 1.5 : 1);
    const Cost startup = random_page_cost;
    const Cost total = startup + read * (cpu_tuple_cost + operators * cpu_operator_cost);
    return &pg::foreign_scan_path(root, rel, rows, startup, total, order, outer, list_make1_int(backward))
                ->path;
}

void add_path_for(PlannerInfo* root, RelOptInfo* rel, Relation table, Relids outer) {
    List* restrictions = rel->baserestrictinfo;
    double rows = rel->rows;
    if (!bms_is_empty(outer)) {
        ParamPathInfo* parameters = get_baserel_parampathinfo(root, rel, outer);
        restrictions = list_concat_copy(restrictions, parameters->ppi_clauses);
        rows = clamp_row_est(rel->tuples * share_of_rows(root, rel, table, restrictions));
        parameters->ppi_rows = rows;
    }
    const double read =
        rel->tuples * share_of_rows(root, rel, table, limiting(root, rel, table, restrictions));
    add_path(rel, path_of(root, rel, rows, read, NIL, outer, false));
    // An order is of use only where no other table comes before.
    if (!shows_records(table) || !bms_is_empty(outer)) return;
    for (const bool backward : {false, true})
        if (List* order = scan_order(root, rel, table, backward))
            add_path(rel, path_of(root, rel, rows, read, order, outer, backward));
}

bool contains_set(List* sets, Relids set) {
    ListCell* cell;
    foreach (cell, sets)
        if (bms_equal(static_cast<Relids>(lfirst(cell)), set)) return true;
    return false;
}

/// Adds the tables that these join conditions need, where they set limits, to `sets`, unless they are there
/// already.
List* add_outer_sets(PlannerInfo* root, RelOptInfo* rel, Relation table, List* joins, List* sets) {
    ListCell* cell;
    foreach (cell, limiting(root, rel, table, joins)) {
        auto* join = lfirst_node(RestrictInfo, cell);
        if (!join_clause_is_movable_to(join, rel)) continue;
        Relids outer = bms_union(join->clause_relids, rel->lateral_relids);
        outer = bms_del_member(outer, static_cast<int>(rel->relid));
        if (!bms_is_empty(outer) && !contains_set(sets, outer)) sets = lappend(sets, outer);
    }
    return sets;
}

bool is_member_wanted(PlannerInfo*, RelOptInfo* rel, EquivalenceClass*, EquivalenceMember* member,
                      void* attribute) {
    auto* var = reinterpret_cast<Var*>(member->em_expr);
    return IsA(var, Var) && var->varno == static_cast<int>(rel->relid) &&
           var->varattno == *static_cast<AttrNumber*>(attribute);
}

/// The sets of tables that could give operands to limits.
List* outer_sets(PlannerInfo* root, RelOptInfo* rel, Relation table) {
    List* sets = add_outer_sets(root, rel, table, rel->joininfo, NIL);
    if (!rel->has_eclass_joins) return sets;
    for (AttrNumber attribute = 1; attribute <= RelationGetNumberOfAttributes(table); attribute++) {
        List* joins = generate_implied_equalities_for_column(root, rel, is_member_wanted, &attribute,
                                                             rel->lateral_referencers);
        sets = add_outer_sets(root, rel, table, joins, sets);
    }
    return sets;
}

/// Numbers of the columns whose values the query looks at.
List* columns_read(RelOptInfo* rel, Relation table, List* clauses) {
    Bitmapset* read = nullptr;
    pull_varattnos(reinterpret_cast<Node*>(rel->reltarget->exprs), rel->relid, &read);
    pull_varattnos(reinterpret_cast<Node*>(clauses), rel->relid, &read);
    const bool whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, read);
    List* columns = NIL;
    for (int attribute = 1; attribute <= RelationGetNumberOfAttributes(table); attribute++) {
        if (TupleDescAttr(RelationGetDescr(table), attribute - 1)->attisdropped) continue;
        if (whole_row || bms_is_member(attribute - FirstLowInvalidHeapAttributeNumber, read))
            columns = lappend_int(columns, attribute);
    }
    return columns;
}

} // namespace

void estimate_rows(PlannerInfo* root, RelOptInfo* rel, Oid) {
    const Relation table = open_planned(root, rel);
    rel->tuples = shows_records(table) ? assumed_messages : assumed_partitions;
    rel->rows = clamp_row_est(rel->tuples * share_of_rows(root, rel, table, rel->baserestrictinfo));
    table_close(table, NoLock);
}

void add_paths(PlannerInfo* root, RelOptInfo* rel, Oid) {
    const Relation table = open_planned(root, rel);
    add_path_for(root, rel, table, rel->lateral_relids);
    List* sets = outer_sets(root, rel, table);
    Relids all = nullptr;
    ListCell* cell;
    foreach (cell, sets) {
        all = bms_union(all, static_cast<Relids>(lfirst(cell)));
        add_path_for(root, rel, table, static_cast<Relids>(lfirst(cell)));
    }
    if (list_length(sets) > 1) add_path_for(root, rel, table, all);
    table_close(table, NoLock);
}

ForeignScan* make_plan(PlannerInfo* root, RelOptInfo* rel, Oid, ForeignPath* path, List* target_list,
                       List* restrictions, Plan* outer_plan) {
    const Relation table = open_planned(root, rel);
    List* clauses = extract_actual_clauses(restrictions, false);
    List *limits = NIL, *operands = NIL;
    ListCell* cell;
    foreach (cell, clauses) {
        Limit limit;
        if (!as_limit(root, rel, table, static_cast<Expr*>(lfirst(cell)), &limit)) continue;
        limits = lappend(limits, limit_to_list(limit));
        operands = lappend(operands, limit.operand);
    }
    List* parts =
        list_make3(limits, columns_read(rel, table, clauses), path->fdw_private); // in the order of plan_part
    table_close(table, NoLock);
    return make_foreignscan(target_list, clauses, rel->relid, operands, parts, NIL, NIL, outer_plan);
}

} // namespace kafka::sql
