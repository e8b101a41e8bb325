// The executor's side of the foreign tables: one TableScan per scan node, which lives in C++ and ends with
// the query's memory. Runs in the session of a query.
#include "pg/settings.h"
#include "pg/versions.h"
#include "sql/fdw.h"
#include "sql/limit.h"
#include "sql/message_reader.h"
#include "sql/partition_reader.h"
#include "sql/producer_reader.h"

#include <memory>
#include <variant>

extern "C" {
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "nodes/plannodes.h"
#include "utils/ruleutils.h"
}

namespace kafka::sql {
namespace {

const ForeignScan* plan_of(const ForeignScanState* node) {
    return reinterpret_cast<const ForeignScan*>(node->ss.ps.plan);
}

List* part_of(const ForeignScan* plan, int part) {
    return static_cast<List*>(list_nth(plan->fdw_private, part));
}

bool is_backward(const ForeignScan* plan) { return linitial_int(part_of(plan, plan_part::backward)) != 0; }

class TableScan {
public:
    /// `operands`: the limits' operands, ready to be evaluated.
    TableScan(ForeignScanState* node, const List* operands)
        : node_(node), operands_(operands),
          shape_(node->ss.ss_currentRelation, part_of(plan_of(node), plan_part::columns)),
          reader_(make_reader(node)) {}

    /// Values of parameters may have changed: the next row is the first one again.
    void restart() { started_ = false; }

    /// Fills the slot, which is empty, unless the rows are at their end.
    void next(TupleTableSlot* slot) {
        if (!started_) start();
        if (std::visit([&](auto& reader) { return reader.next(row_); }, reader_))
            pg::call([=, this] { shape_.store(row_, slot); });
    }

    void close() {
        std::visit([](auto& reader) { reader.close(); }, reader_);
    }

    /// -1: this table is not read from batches.
    int64_t batches_read() const {
        auto* messages = std::get_if<MessageReader>(&reader_);
        return messages ? messages->batches_read() : -1;
    }

private:
    using Reader = std::variant<MessageReader, PartitionReader, ProducerReader>;

    static Reader make_reader(ForeignScanState* node) {
        const EState* state = node->ss.ps.state;
        const Oid table = RelationGetRelid(node->ss.ss_currentRelation);
        const Snapshot snapshot = state->es_snapshot;
        const MemoryContext memory = state->es_query_cxt;
        const auto messages = [=](Isolation isolation) {
            return MessageReader(snapshot, memory, isolation, is_backward(plan_of(node)),
                                 size_t(pg::largest_max_decompressed_bytes));
        };
        switch (pg::call([=] { return row_kind_of(table); })) {
        case RowKind::log:
            return messages(Isolation::none);
        case RowKind::partitions:
            return PartitionReader(snapshot, memory);
        case RowKind::producers:
            return ProducerReader(snapshot, memory);
        case RowKind::messages:
            break;
        }
        return messages(Isolation::read_committed);
    }

    void start() {
        Bounds bounds = evaluate_bounds(part_of(plan_of(node_), plan_part::limits), operands_,
                                        node_->ss.ps.ps_ExprContext);
        std::visit([&](auto& reader) { reader.restart(std::move(bounds)); }, reader_);
        started_ = true;
    }

    ForeignScanState* node_;
    const List* operands_;
    RowShape shape_;
    Reader reader_;
    Row row_;
    bool started_ = false;
};

TableScan* scan_of(const ForeignScanState* node) { return static_cast<TableScan*>(node->fdw_state); }

void destroy(void* scan) { delete static_cast<TableScan*>(scan); }

/// "= 'orders'::text", or all of them joined by AND; null if no limit is on this column.
char* describe(const ForeignScan* plan, Column column, List* names) {
    StringInfoData text;
    initStringInfo(&text);
    List* limits = part_of(plan, plan_part::limits);
    for (int i = 0; i < list_length(limits); i++) {
        const Limit limit = limit_from_list(static_cast<List*>(list_nth(limits, i)));
        if (limit.column != column) continue;
        auto* operand = static_cast<Node*>(list_nth(plan->fdw_exprs, i));
        appendStringInfo(&text, limit.any ? "%s%s (%s)" : "%s%s %s", text.len > 0 ? " AND " : "",
                         sign_of(limit), deparse_expression(operand, names, false, false));
    }
    return text.len > 0 ? text.data : nullptr;
}

} // namespace

void begin_scan(ForeignScanState* node, int flags) {
    if (flags & EXEC_FLAG_EXPLAIN_ONLY) return;
    List* operands = ExecInitExprList(plan_of(node)->fdw_exprs, &node->ss.ps);
    const MemoryContext query = node->ss.ps.state->es_query_cxt;
    auto* at_end =
        static_cast<MemoryContextCallback*>(MemoryContextAllocZero(query, sizeof(MemoryContextCallback)));
    at_end->func = destroy;
    pg::entry([=] {
        at_end->arg = node->fdw_state = new TableScan(node, operands);
        MemoryContextRegisterResetCallback(query, at_end);
    });
}

TupleTableSlot* next_row(ForeignScanState* node) {
    TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
    ExecClearTuple(slot);
    pg::entry([=] { scan_of(node)->next(slot); });
    return slot;
}

void restart_scan(ForeignScanState* node) { scan_of(node)->restart(); }

void end_scan(ForeignScanState* node) {
    if (scan_of(node)) pg::entry([=] { scan_of(node)->close(); });
}

void explain_scan(ForeignScanState* node, ExplainState* state) {
    constexpr struct {
        Column column;
        const char* label;
    } labels[] = {{Column::topic, "Topic"},
                  {Column::partition, "Partition"},
                  {Column::offset, "Offset"},
                  {Column::timestamp, "Timestamp"},
                  {Column::key, "Key"}};
    List* names = set_deparse_context_plan(state->deparse_cxt, node->ss.ps.plan, NIL);
    for (const auto& [column, label] : labels)
        if (const char* text = describe(plan_of(node), column, names))
            ExplainPropertyText(label, text, state);
    if (is_backward(plan_of(node))) ExplainPropertyText("Scan Direction", "Backward", state);
    const int64_t batches = state->analyze && scan_of(node) ? scan_of(node)->batches_read() : -1;
    if (batches >= 0) ExplainPropertyInteger("Batches Read", nullptr, batches, state);
}

} // namespace kafka::sql
