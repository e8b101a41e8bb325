// See shared.h. Runs on the main thread of every process of the server, as hooks and transaction callbacks.
#include "pg/shared.h"

#include "pg/group_changes.h"

#include <atomic>
#include <bitset>
#include <cstring>
#include <new>
#include <utility>

#include "pg/guard.h"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
}

namespace kafka::pg {
namespace {

/// Lies in shared memory; latches are those of the workers' own process slots.
struct Shared {
    std::atomic<uint64_t> catalog_generation{1};
    std::atomic<uint64_t> generations[3]{1, 1, 1}; ///< by Change
    std::atomic<uint64_t> janitor_calls{0};
    std::atomic<uint64_t> compactions{0}, noticed_compactions{0};
    std::atomic<Latch*> latches[2]{};      ///< by Role; null while it does not run
    std::atomic<Oid> database{InvalidOid}; ///< that the broker is connected to, or was last
    std::atomic<bool> broker_connected{false};
    std::atomic<bool> database_missing{false};
};
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<Latch*>::is_always_lock_free);

Shared* shared;
std::span<std::byte> status; ///< its size is known from the start
bool catalog_changed;        ///< by the transaction of this process
std::bitset<3> changes;      ///< what it has changed, by Change
bool change_committed;       ///< and it has been committed, but others may not see all of it yet

shmem_request_hook_type next_request_hook;
shmem_startup_hook_type next_startup_hook;
object_access_hook_type next_object_access_hook;

void request_memory() {
    if (next_request_hook) next_request_hook();
    RequestAddinShmemSpace(CACHELINEALIGN(sizeof(Shared)) + CACHELINEALIGN(status.size()) +
                           CACHELINEALIGN(group_changes_size()));
}

void attach() {
    if (next_startup_hook) next_startup_hook();
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    bool found;
    void* memory = ShmemInitStruct("pg_kafka", sizeof(Shared), &found);
    shared = found ? static_cast<Shared*>(memory) : new (memory) Shared;
    memory = ShmemInitStruct("pg_kafka status", status.size(), &found);
    if (!found) std::memset(memory, 0, status.size());
    status = {static_cast<std::byte*>(memory), status.size()};
    memory = ShmemInitStruct("pg_kafka groups", group_changes_size(), &found);
    attach_group_changes(memory, found);
    LWLockRelease(AddinShmemInitLock);
}

std::atomic<Latch*>& latch_of(Role role) { return shared->latches[static_cast<int>(role)]; }

void wake(Role role) {
    if (Latch* latch = latch_of(role).load()) SetLatch(latch);
}

/// What happens in other databases is no matter for the broker. One that has not been connected yet reads everything anyway.
bool in_database_of_broker() { return MyDatabaseId == shared->database; }

/// At the end of every transaction of every session.
void on_transaction_event(XactEvent event, void*) {
    if (!catalog_changed) return;
    switch (event) {
    case XACT_EVENT_PRE_PREPARE:
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("cannot PREPARE a transaction that has changed Kafka topics or transactions")));
        break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PARALLEL_COMMIT:
        change_committed = true;
        catalog_changed = false;
        break;
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PARALLEL_ABORT:
        catalog_changed = false;
        changes.reset();
        break;
    default:
        break;
    }
}

/// The last step of a commit: only now have the caches of other processes been told, so that what the broker
/// looks up is not what it remembers from before.
void on_release(ResourceReleasePhase phase, bool, bool is_top_level, void*) {
    if (!change_committed || !is_top_level || phase != RESOURCE_RELEASE_AFTER_LOCKS) return;
    change_committed = false;
    const auto changed = std::exchange(changes, {});
    if (!in_database_of_broker()) return;
    for (size_t what = 0; what < changed.size(); what++)
        if (changed[what]) shared->generations[what].fetch_add(1);
    shared->catalog_generation.fetch_add(1);
    wake_broker();
}

/// Looks at a row of a system catalog whose first column is its oid: also at one that this very command has
/// made, which no cache knows yet.
bool row_is(Oid catalog, Oid index_on_oid, Oid object, bool (*wanted)(HeapTuple)) {
    Relation relation = table_open(catalog, AccessShareLock);
    ScanKeyData by_oid;
    ScanKeyInit(&by_oid, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(object));
    SysScanDesc scan = systable_beginscan(relation, index_on_oid, true, SnapshotSelf, 1, &by_oid);
    HeapTuple row = systable_getnext(scan);
    const bool is = HeapTupleIsValid(row) && wanted(row);
    systable_endscan(scan);
    table_close(relation, AccessShareLock);
    return is;
}

bool is_our_extension(HeapTuple row) {
    return std::strcmp(NameStr(reinterpret_cast<Form_pg_extension>(GETSTRUCT(row))->extname), "pg_kafka") ==
           0;
}

/// A segment's table, or the index behind its primary key. Only a restore makes these in a user's session.
bool is_of_segment(HeapTuple row) {
    const auto* relation = reinterpret_cast<Form_pg_class>(GETSTRUCT(row));
    if (std::strncmp(NameStr(relation->relname), "segment_", std::strlen("segment_")) != 0) return false;
    const char* schema = get_namespace_name(relation->relnamespace);
    return schema && std::strcmp(schema, "kafka") == 0;
}

void on_extension(ObjectAccessType access, Oid extension) {
    if (access != OAT_POST_CREATE && access != OAT_DROP) return;
    if (row_is(ExtensionRelationId, ExtensionOidIndexId, extension, is_our_extension))
        changed_at_commit(Change::topics);
}

void on_relation(ObjectAccessType access, Oid relation, int column) {
    if (access != OAT_POST_CREATE || column != 0 || in_worker()) return;
    if (row_is(RelationRelationId, ClassOidIndexId, relation, is_of_segment)) changed_at_commit(Change::log);
}

void on_object_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void* arg) {
    if (next_object_access_hook) next_object_access_hook(access, class_id, object_id, sub_id, arg);
    if (class_id == ExtensionRelationId) on_extension(access, object_id);
    if (class_id == RelationRelationId) on_relation(access, object_id, sub_id);
}

void withdraw_latch(int, Datum role) {
    Latch* own = MyLatch;
    latch_of(static_cast<Role>(DatumGetInt32(role))).compare_exchange_strong(own, nullptr);
    if (static_cast<Role>(DatumGetInt32(role)) != Role::broker) return;
    shared->broker_connected = false;
    end_group_turn();
}

} // namespace

void request_shared_memory(size_t status_bytes) {
    status = {static_cast<std::byte*>(nullptr), status_bytes};
    next_request_hook = shmem_request_hook;
    shmem_request_hook = request_memory;
    next_startup_hook = shmem_startup_hook;
    shmem_startup_hook = attach;
    next_object_access_hook = object_access_hook;
    object_access_hook = on_object_access;
    RegisterXactCallback(on_transaction_event, nullptr);
    RegisterResourceReleaseCallback(on_release, nullptr);
    watch_transactions_for_group_changes();
}

bool in_worker() {
    return MyBgworkerEntry && std::strcmp(MyBgworkerEntry->bgw_library_name, "pg_kafka") == 0;
}

std::span<std::byte> status_memory() { return status; }
bool process_exists(int32_t process) { return BackendPidGetProc(process) != nullptr; }

uint64_t catalog_generation() { return shared->catalog_generation; }
uint64_t generation_of(Change what) { return shared->generations[static_cast<size_t>(what)]; }
void changed_at_commit(Change what) {
    if (in_worker()) return;
    catalog_changed = true;
    changes.set(static_cast<size_t>(what));
}
void wake_broker() { wake(Role::broker); }
void wake_janitor() {
    shared->janitor_calls.fetch_add(1);
    wake(Role::janitor);
}
uint64_t janitor_calls() { return shared->janitor_calls; }

uint64_t compactions() { return shared->compactions; }
void count_compaction() {
    shared->compactions.fetch_add(1);
    wake(Role::broker);
}
void notice_compactions(uint64_t count) { shared->noticed_compactions = count; }
bool all_compactions_noticed() { return shared->noticed_compactions == shared->compactions; }

void announce_latch(Role role) {
    latch_of(role) = MyLatch;
    before_shmem_exit(withdraw_latch, Int32GetDatum(static_cast<int>(role)));
}

bool broker_is_elsewhere() {
    const Oid database = shared->database;
    return OidIsValid(database) && database != MyDatabaseId;
}

bool broker_connected() { return shared->broker_connected; }

void set_broker_connected() {
    shared->database = MyDatabaseId;
    shared->broker_connected = true;
    wake_janitor();
}

bool database_missing() { return shared->database_missing; }
void set_database_missing(bool missing) { shared->database_missing = missing; }

} // namespace kafka::pg
