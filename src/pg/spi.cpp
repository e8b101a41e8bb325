// Preparing and running SQL; see spi.h. Main thread only.
#include "pg/spi.h"

#include "pg/arguments.h"

#include "pg/guard.h"

extern "C" {
#include "executor/spi.h"
#include "nodes/parsenodes.h"
}

namespace kafka::pg {
namespace {

/// The rows that the last SPI call left in SPI's globals.
struct Rows {
    SPITupleTable* table;
    uint64_t count;
};

/// What an SPI call that returned `code` has left; raises an ERROR if it failed. Inside call() only.
Rows rows_of(int code) {
    if (code < 0) elog(ERROR, "SPI reports %s", SPI_result_code_string(code));
    return {SPI_tuptable, SPI_processed};
}

Result result_of(Rows rows) { return Result(rows.table, rows.count); }

} // namespace

Statement::Statement(std::string sql) : sql_(std::move(sql)), arguments_(new Arguments) {}

Statement::~Statement() {
    delete arguments_;
    if (plan_) call_at_end([plan = plan_] { SPI_freeplan(plan); });
}

/// One generic plan: the statements of the broker differ in values only, never in how they are best run.
void Statement::prepare() {
    plan_ = call([sql = sql_.c_str(), arguments = arguments_] {
        SPIPlanPtr plan =
            SPI_prepare_cursor(sql, arguments->count(), arguments->types_array(), CURSOR_OPT_GENERIC_PLAN);
        if (!plan) elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
        SPI_keepplan(plan);
        return plan;
    });
    types_ = arguments_->types();
}

void Statement::bind(std::span<const Value> values) {
    arguments_->assign(values);
    if (!plan_) return prepare();
    if (arguments_->types() != types_) throw Error("parameters of other types than before: " + sql_, "XX000");
}

Result Statement::execute(std::span<const Value> values) {
    bind(values);
    const Rows rows = call([plan = plan_, arguments = arguments_] {
        return rows_of(SPI_execute_plan(plan, arguments->datums(), arguments->nulls(), false, 0));
    });
    arguments_->trim();
    return result_of(rows);
}

Cursor Statement::open(std::span<const Value> values) {
    bind(values);
    PortalData* portal = call([plan = plan_, arguments = arguments_] {
        return SPI_cursor_open(nullptr, plan, arguments->datums(), arguments->nulls(), false);
    });
    arguments_->trim();
    return Cursor(portal);
}

Cursor::Cursor(PortalData* portal) : portal_(portal), era_(current_era()) {}

Cursor::Cursor(Cursor&& other) noexcept : portal_(other.portal_), era_(other.era_) {
    other.portal_ = nullptr;
}

Cursor::~Cursor() {
    if (!portal_ || era_ != current_era()) return;
    call_at_end([portal = portal_] { SPI_cursor_close(portal); });
}

Result Cursor::fetch(int64_t limit) {
    return result_of(call([portal = portal_, limit] {
        SPI_cursor_fetch(portal, true, limit);
        return Rows{SPI_tuptable, SPI_processed};
    }));
}

Result execute(std::string_view sql, std::span<const Value> values) {
    const std::string text(sql);
    Arguments arguments;
    arguments.assign(values);
    return result_of(call([sql = text.c_str(), arguments = &arguments] {
        if (arguments->count() == 0) return rows_of(SPI_execute(sql, false, 0));
        return rows_of(SPI_execute_with_args(sql, arguments->count(), arguments->types_array(),
                                             arguments->datums(), arguments->nulls(), false, 0));
    }));
}

} // namespace kafka::pg
