// Rows in slots, then table_multi_insert and the indexes; see bulk_insert.h. Main thread only.
#include "pg/bulk_insert.h"

#include "pg/arguments.h"

#include <algorithm>

#include "pg/guard.h"
#include "pg/versions.h"

extern "C" {
#include "access/heapam.h"
#include "access/hio.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class_d.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
}

namespace kafka::pg {
namespace {

constexpr int most_rows = 1000; ///< in memory before they are written
constexpr int most_pages = 64;  ///< likewise: as many as PostgreSQL 16 and later add to a table at a time
constexpr size_t row_header = MAXALIGN(SizeofHeapTupleHeader);

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
void insert(Relation table, TupleTableSlot** rows, int count) {
    const BulkInsertState state = GetBulkInsertState();
    FreeAccessStrategy(state->strategy);
    state->strategy = nullptr;
    table_multi_insert(table, rows, count, GetCurrentCommandId(true), TABLE_INSERT_SKIP_FSM, state);
    FreeBulkInsertState(state);
}

HeapTuple form_tuple(TupleDesc columns, Arguments& values) {
    bool nulls[MaxHeapAttributeNumber];
    for (int i = 0; i < values.count(); i++) nulls[i] = values.nulls()[i] == 'n';
    return heap_form_tuple(columns, values.datums(), nulls);
}

} // namespace

/// The open table, and the rows that are not in it yet. What is the server's goes with the transaction if there is an error.
struct BulkInsert::Target {
    Relation table;
    EState* estate;
    ResultRelInfo* relation;
    TupleTableSlot** slots; ///< made as they are needed, and used again
    int slots_made = 0, rows = 0;
    int new_pages = 0;    ///< that the rows in slots begin
    size_t page_free = 0; ///< what the page being filled can still take as one row
    Arguments arguments;
};

BulkInsert::BulkInsert(const std::string& schema, const std::string& name)
    : target_(std::make_unique<Target>()) {
    call([target = target_.get(), schema = schema.c_str(), name = name.c_str()] {
        target->table = table_openrv(makeRangeVar(const_cast<char*>(schema), const_cast<char*>(name), -1),
                                     RowExclusiveLock);
        if (target->table->rd_rel->relkind != RELKIND_RELATION)
            ereport(ERROR,
                    (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s.%s\" is not a table", schema, name)));
        target->estate = CreateExecutorState();
        const MemoryContext caller = MemoryContextSwitchTo(target->estate->es_query_cxt);
        target->relation = makeNode(ResultRelInfo);
        InitResultRelInfo(target->relation, target->table, 0, nullptr, 0);
        ExecOpenIndices(target->relation, false);
        target->slots = static_cast<TupleTableSlot**>(palloc(most_rows * sizeof(TupleTableSlot*)));
        MemoryContextSwitchTo(caller);
        target->page_free = free_bytes_of_page(target->table);
    });
}

BulkInsert::BulkInsert(BulkInsert&&) noexcept = default;

BulkInsert::~BulkInsert() = default;

size_t BulkInsert::room_on_page() const {
    return target_->page_free > row_header ? target_->page_free - row_header : 0;
}

size_t BulkInsert::room_on_empty_page() { return MaxHeapTupleSize - row_header; }

/// Somebody may have altered the table by hand.
void BulkInsert::check_columns() const {
    const TupleDesc columns = RelationGetDescr(target_->table);
    const std::vector<Oid>& types = target_->arguments.types();
    bool fits = size_t(columns->natts) == types.size();
    for (size_t i = 0; fits && i < types.size(); i++) {
        const Form_pg_attribute column = TupleDescAttr(columns, int(i));
        fits = !column->attisdropped && column->atttypid == types[i];
    }
    if (fits) return;
    throw Error(std::string("table \"") + RelationGetRelationName(target_->table) +
                    "\" has other columns than expected",
                "55000");
}

void BulkInsert::add(std::span<const Value> row) {
    target_->arguments.assign(row);
    check_columns();
    const size_t size = call([target = target_.get()] {
        const MemoryContext caller = MemoryContextSwitchTo(target->estate->es_query_cxt);
        if (target->rows == target->slots_made)
            target->slots[target->slots_made++] =
                MakeSingleTupleTableSlot(RelationGetDescr(target->table), &TTSOpsHeapTuple);
        const HeapTuple tuple = form_tuple(RelationGetDescr(target->table), target->arguments);
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
        if (target->table->rd_att->constr)
            for (int i = 0; i < target->rows; i++)
                ExecConstraints(target->relation, target->slots[i], target->estate);
        insert(target->table, target->slots, target->rows);
        for (int i = 0; i < target->rows; i++) {
            if (target->relation->ri_NumIndices > 0)
                list_free(insert_index_tuples(target->relation, target->slots[i], target->estate));
            ExecClearTuple(target->slots[i]);
            ResetPerTupleExprContext(target->estate);
        }
    });
    target_->rows = 0;
    target_->new_pages = 0;
}

void BulkInsert::finish() {
    if (target_->rows > 0) flush();
    call([target = target_.get()] {
        for (int i = 0; i < target->slots_made; i++) ExecDropSingleTupleTableSlot(target->slots[i]);
        ExecCloseIndices(target->relation);
        FreeExecutorState(target->estate);
        table_close(target->table, NoLock); // the lock is kept until the end of the transaction
    });
    target_.reset();
}

} // namespace kafka::pg
