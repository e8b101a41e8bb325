// An index scan that is kept for all rows, then table_tuple_update and, where the new version is not heap-only, the indexes; see
// keyed_update.h. Main thread only.
#include "pg/keyed_update.h"

#include "pg/open_table.h"

#include "pg/versions.h"

extern "C" {
#include "access/genam.h"
#include "access/stratnum.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_am_d.h"
#include "executor/tuptable.h"
#include "utils/lsyscache.h"
#include "utils/reltrigger.h"
#include "utils/snapmgr.h"
}

namespace kafka::pg {

/// What is the server's goes with the transaction if there is an error.
struct KeyedUpdate::Target {
    OpenTable open;
    IndexScanDesc scan = nullptr; ///< of the primary key; null: rows are left to statements
    int key_columns = 0;
    ScanKeyData keys[INDEX_MAX_KEYS];
    TupleTableSlot *found = nullptr, *row = nullptr;

    Relation primary_key() const;
    void begin_scan();
    bool find();
    bool replace();
};

/// Null unless it is one of the first columns, and rows may be replaced without the executor.
Relation KeyedUpdate::Target::primary_key() const {
    const TriggerDesc* triggers = open.table->trigdesc;
    if (triggers && (triggers->trig_update_before_row || triggers->trig_update_after_row)) return nullptr;
    if (open.table->rd_rel->relrowsecurity) return nullptr;
    for (int i = 0; i < open.relation->ri_NumIndices; i++) {
        const Relation index = open.relation->ri_IndexRelationDescs[i];
        if (!index->rd_index->indisprimary || index->rd_rel->relam != BTREE_AM_OID) continue;
        for (int column = 0; column < index->rd_index->indnkeyatts; column++)
            if (index->rd_index->indkey.values[column] != column + 1) return nullptr;
        return index;
    }
    return nullptr;
}

void KeyedUpdate::Target::begin_scan() {
    const Relation index = primary_key();
    if (!index) return;
    key_columns = index->rd_index->indnkeyatts;
    for (int i = 0; i < key_columns; i++) {
        const Oid type = index->rd_opcintype[i];
        const Oid equal = get_opfamily_member(index->rd_opfamily[i], type, type, BTEqualStrategyNumber);
        ScanKeyEntryInitialize(&keys[i], 0, AttrNumber(i + 1), BTEqualStrategyNumber, type,
                               index->rd_indcollation[i], get_opcode(equal), 0);
    }
    const MemoryContext caller = MemoryContextSwitchTo(open.estate->es_query_cxt);
    found = table_slot_create(open.table, nullptr);
    row = MakeSingleTupleTableSlot(RelationGetDescr(open.table), &TTSOpsHeapTuple);
    scan = begin_index_scan(open.table, index, GetActiveSnapshot(), key_columns);
    MemoryContextSwitchTo(caller);
}

bool KeyedUpdate::Target::find() {
    for (int i = 0; i < key_columns; i++) keys[i].sk_argument = open.values.datums()[i];
    index_rescan(scan, keys, key_columns, nullptr, 0);
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
    const TM_Result result =
        table_tuple_update(open.table, &found->tts_tid, row, GetCurrentCommandId(true), GetActiveSnapshot(),
                           InvalidSnapshot, false, &failure, &lock, &indexes);
    if (result == TM_Ok) update_index_tuples(open.relation, row, open.estate, indexes);
    ExecClearTuple(row);
    ResetPerTupleExprContext(open.estate);
    return result == TM_Ok;
}

KeyedUpdate::KeyedUpdate(const std::string& schema, const std::string& name)
    : target_(std::make_unique<Target>()) {
    call([target = target_.get(), schema = schema.c_str(), name = name.c_str()] {
        target->open.open(schema, name);
        target->begin_scan();
    });
}

KeyedUpdate::~KeyedUpdate() = default;

bool KeyedUpdate::replace(std::initializer_list<Value> row) {
    if (!target_->scan) return false;
    target_->open.values.assign(std::span(row.begin(), row.size()));
    if (!target_->open.fits()) return false;
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
            ExecDropSingleTupleTableSlot(target->found);
            ExecDropSingleTupleTableSlot(target->row);
        }
        target->open.close();
    });
    target_.reset();
}

} // namespace kafka::pg
