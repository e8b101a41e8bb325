// An index scan that is kept for all rows, then table_tuple_update and, where the new version is not heap-only, the indexes; see
// keyed_update.h. Main thread only.
#include "pg/keyed_update.h"

#include "pg/index.h"
#include "pg/open_table.h"

#include <numeric>

#include "pg/versions.h"

extern "C" {
#include "access/genam.h"
#include "access/stratnum.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "executor/tuptable.h"
#include "utils/lsyscache.h"
#include "utils/reltrigger.h"
#include "utils/snapmgr.h"
}

namespace kafka::pg {

namespace {

/// An upsert of a row that is there runs the triggers for UPDATE, those before INSERT, and, for each statement, those for both.
bool is_run_by_upsert(const Trigger& trigger) {
    const bool row = TRIGGER_FOR_ROW(trigger.tgtype), before = TRIGGER_FOR_BEFORE(trigger.tgtype);
    return TRIGGER_FOR_UPDATE(trigger.tgtype) || (TRIGGER_FOR_INSERT(trigger.tgtype) && (before || !row));
}

/// True if there is more to an update than its rows.
bool has_followers(Relation table, const char* own_trigger) {
    if (table->rd_rel->relrowsecurity || table->rd_rel->relhasrules) return true;
    const TriggerDesc* all = table->trigdesc;
    for (int i = 0; all && i < all->numtriggers; i++) {
        const Trigger& trigger = all->triggers[i];
        const bool own =
            own_trigger && !TRIGGER_FOR_ROW(trigger.tgtype) && strcmp(trigger.tgname, own_trigger) == 0;
        if (!own && is_run_by_upsert(trigger)) return true;
    }
    return false;
}

bool is_primary_key(Relation index, int columns) {
    if (!index->rd_index->indisprimary || index->rd_index->indnkeyatts != columns) return false;
    AttrNumber first[INDEX_MAX_KEYS];
    std::iota(first, first + columns, AttrNumber(1));
    return begins_with(index, {first, size_t(columns)});
}

} // namespace

/// What is the server's goes with the transaction if there is an error.
struct KeyedUpdate::Target {
    KeyedTable table;
    OpenTable open{};
    IndexScanDesc scan = nullptr; ///< of the primary key; null: rows are left to statements
    ScanKeyData keys[INDEX_MAX_KEYS]{};
    TupleTableSlot *found = nullptr, *row = nullptr;

    Relation primary_key() const;
    void begin_scan();
    bool find();
    bool replace();
};

/// Null where rows are to be left to statements.
Relation KeyedUpdate::Target::primary_key() const {
    if (!open.relation || has_followers(open.table, table.own_trigger)) return nullptr;
    for (int i = 0; i < open.relation->ri_NumIndices; i++)
        if (const Relation index = open.relation->ri_IndexRelationDescs[i];
            is_primary_key(index, table.key_columns))
            return index;
    return nullptr;
}

/// The snapshot is one of its own: to update what this transaction itself has changed since its last one would be an error.
void KeyedUpdate::Target::begin_scan() {
    const Relation index = primary_key();
    if (!index) return;
    CheckCmdReplicaIdentity(open.table, CMD_UPDATE);
    for (int i = 0; i < table.key_columns; i++) {
        const Oid type = index->rd_opcintype[i];
        const Oid equal = get_opfamily_member(index->rd_opfamily[i], type, type, BTEqualStrategyNumber);
        ScanKeyEntryInitialize(&keys[i], 0, AttrNumber(i + 1), BTEqualStrategyNumber, type,
                               index->rd_indcollation[i], get_opcode(equal), 0);
    }
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
    const MemoryContext caller = MemoryContextSwitchTo(open.estate->es_query_cxt);
    found = table_slot_create(open.table, nullptr);
    row = MakeSingleTupleTableSlot(RelationGetDescr(open.table), &TTSOpsHeapTuple);
    scan = begin_index_scan(open.table, index, GetActiveSnapshot(), table.key_columns);
    MemoryContextSwitchTo(caller);
}

bool KeyedUpdate::Target::find() {
    for (int i = 0; i < table.key_columns; i++) keys[i].sk_argument = open.values.datums()[i];
    index_rescan(scan, keys, table.key_columns, nullptr, 0);
    return index_getnext_slot(scan, ForwardScanDirection, found);
}

bool KeyedUpdate::Target::replace() {
    if (!find()) return false;
    ExecStoreHeapTuple(open.form(), row, true);
    row->tts_tableOid = RelationGetRelid(open.table);
    open.check_constraints(row);
    TM_FailureData failure;
    LockTupleMode lock;
    IndexUpdates indexes;
    const ItemPointerData place = found->tts_tid;
    ExecClearTuple(found); // pinned, its page could not be pruned
    const TM_Result result =
        table_tuple_update(open.table, const_cast<ItemPointerData*>(&place), row, GetCurrentCommandId(true),
                           scan->xs_snapshot, InvalidSnapshot, false, &failure, &lock, &indexes);
    if (result == TM_Ok) update_index_tuples(open.relation, row, open.estate, indexes);
    ExecClearTuple(row);
    ResetPerTupleExprContext(open.estate);
    return result == TM_Ok;
}

KeyedUpdate::KeyedUpdate(const KeyedTable& table) : target_(std::make_unique<Target>(Target{table})) {
    call([target = target_.get()] {
        target->open.open(target->table.schema, target->table.name);
        target->begin_scan();
    });
}

KeyedUpdate::~KeyedUpdate() = default;

bool KeyedUpdate::replace(std::initializer_list<Value> row) {
    if (!target_->scan) return false;
    target_->open.values.assign(std::span(row.begin(), row.size()));
    if (!target_->open.fits() || target_->open.has_more_columns()) return false;
    return call([target = target_.get()] {
        const MemoryContext caller = MemoryContextSwitchTo(target->open.estate->es_query_cxt);
        const bool replaced = target->replace();
        MemoryContextSwitchTo(caller);
        return replaced;
    });
}

void KeyedUpdate::finish() {
    call([target = target_.get()] {
        if (target->scan) {
            index_endscan(target->scan);
            PopActiveSnapshot();
            CommandCounterIncrement();
            ExecDropSingleTupleTableSlot(target->found);
            ExecDropSingleTupleTableSlot(target->row);
        }
        target->open.close();
    });
    target_.reset();
}

} // namespace kafka::pg
