// Rows in slots, then table_multi_insert and the indexes; see bulk_insert.h. Main thread only.
#include "pg/bulk_insert.h"

#include "pg/open_table.h"

#include <algorithm>

#include "pg/versions.h"

extern "C" {
#include "access/heapam.h"
#include "access/hio.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "storage/bufmgr.h"
}

namespace kafka::pg {
namespace {

constexpr int most_rows = 1000; ///< in memory before they are written
constexpr int most_pages = 64;  ///< likewise: as many as PostgreSQL 16 and later add to a table at a time

/// Of a row without nulls but in the columns that the table has beyond these.
size_t row_header(Relation table, int columns) {
    const int all = RelationGetDescr(table)->natts;
    return MAXALIGN(SizeofHeapTupleHeader + (all > columns ? BITMAPLEN(all) : 0));
}

/// What the page that the server goes on filling can still take as one row, header and all.
size_t free_bytes_of_page(Relation table) {
    BlockNumber page_number = RelationGetTargetBlock(table);
    if (page_number == InvalidBlockNumber) {
        const BlockNumber pages = RelationGetNumberOfBlocks(table);
        if (pages == 0) return 0;
        page_number = pages - 1;
    }
    const Buffer buffer = ReadBuffer(table, page_number);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    const Page page = BufferGetPage(buffer);
    const size_t bytes = PageIsNew(page) ? MaxHeapTupleSize : PageGetHeapFreeSpace(page);
    UnlockReleaseBuffer(buffer);
    return bytes;
}

/// Adds the rows as COPY does, but without its ring of buffers: consumers will ask for what has been written.
/// The state lets PostgreSQL 16 and later extend the table by all the pages that the rows need at once. It is a new one each
/// time: with one that has extended before the server would take as many pages again, and nobody would fill the rest.
void insert(Relation table, TupleTableSlot** rows, int count, int options) {
    const BulkInsertState state = GetBulkInsertState();
    FreeAccessStrategy(state->strategy);
    state->strategy = nullptr;
    table_multi_insert(table, rows, count, GetCurrentCommandId(true), options, state);
    FreeBulkInsertState(state);
}

} // namespace

/// The open table, and the rows that are not in it yet. What is the server's goes with the transaction if there is an error.
struct BulkInsert::Target {
    OpenTable open;
    TupleTableSlot** slots = nullptr; ///< made as they are needed, and used again
    int slots_made = 0, rows = 0;
    int options = TABLE_INSERT_SKIP_FSM;
    int new_pages = 0;    ///< that the rows in slots begin
    size_t page_free = 0; ///< what the page being filled can still take as one row
};

BulkInsert::BulkInsert(const std::string& schema, const std::string& name, Visible visible)
    : target_(std::make_unique<Target>()) {
    if (visible == Visible::to_all) target_->options |= TABLE_INSERT_FROZEN;
    call([target = target_.get(), schema = schema.c_str(), name = name.c_str()] {
        if (!target->open.open(schema, name))
            ereport(ERROR,
                    (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s.%s\" is not a table", schema, name)));
        const MemoryContext caller = MemoryContextSwitchTo(target->open.estate->es_query_cxt);
        target->slots = static_cast<TupleTableSlot**>(palloc(most_rows * sizeof(TupleTableSlot*)));
        MemoryContextSwitchTo(caller);
        target->page_free = free_bytes_of_page(target->open.table);
    });
}

BulkInsert::BulkInsert(BulkInsert&&) noexcept = default;

BulkInsert::~BulkInsert() = default;

size_t BulkInsert::room_on_page(int columns) const {
    return target_->page_free - std::min(target_->page_free, row_header(target_->open.table, columns));
}

size_t BulkInsert::room_on_empty_page(int columns) const {
    return MaxHeapTupleSize - row_header(target_->open.table, columns);
}

void BulkInsert::add(std::span<const Value> row) {
    target_->open.values.assign(row);
    if (!target_->open.fits()) {
        Error error(std::string("table \"") + RelationGetRelationName(target_->open.table) +
                        "\" has other columns than expected",
                    "55000");
        error.hint = "Give it back the columns that it had, or drop it to go on without what is in it.";
        throw error;
    }
    const size_t size = call([target = target_.get()] {
        const MemoryContext caller = MemoryContextSwitchTo(target->open.estate->es_query_cxt);
        if (target->rows == target->slots_made)
            target->slots[target->slots_made++] =
                MakeSingleTupleTableSlot(RelationGetDescr(target->open.table), &TTSOpsHeapTuple);
        const HeapTuple tuple = target->open.form();
        ExecStoreHeapTuple(tuple, target->slots[target->rows++], true);
        MemoryContextSwitchTo(caller);
        return size_t(MAXALIGN(tuple->t_len));
    });
    if (size > target_->page_free) {
        target_->page_free = MaxHeapTupleSize;
        target_->new_pages++;
    }
    target_->page_free -= std::min(target_->page_free, size + sizeof(ItemIdData));
    if (target_->rows == most_rows || target_->new_pages == most_pages) flush();
}

void BulkInsert::flush() {
    call([target = target_.get()] {
        for (int i = 0; i < target->rows; i++) target->open.check_constraints(target->slots[i]);
        insert(target->open.table, target->slots, target->rows, target->options);
        for (int i = 0; i < target->rows; i++) {
            if (target->open.relation->ri_NumIndices > 0)
                list_free(insert_index_tuples(target->open.relation, target->slots[i], target->open.estate));
            ExecClearTuple(target->slots[i]);
            ResetPerTupleExprContext(target->open.estate);
        }
    });
    target_->rows = 0;
    target_->new_pages = 0;
}

void BulkInsert::finish() {
    if (target_->rows > 0) flush();
    call([target = target_.get()] {
        for (int i = 0; i < target->slots_made; i++) ExecDropSingleTupleTableSlot(target->slots[i]);
        target->open.close();
    });
    target_.reset();
}

} // namespace kafka::pg
