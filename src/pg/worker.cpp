// How workers are registered and started; see worker.h. Main thread only.
//
// A process can be connected to a database only once, and a missing database ends it with a FATAL. So the
// first start connects at once (the FATAL, with a hint, is the one log line), and later ones wait without a
// database until it is there. The exit code is always 1: after a 0 the postmaster would not start the worker
// again.
#include "pg/worker.h"

#include "pg/process.h"
#include "pg/session.h"
#include "pg/settings.h"
#include "pg/transaction.h"

#include <chrono>
#include <cstring>
#include <exception>
#include <string>

#include "pg/guard.h"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "utils/elog.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/relcache.h"
}

namespace kafka::pg {
namespace {

constexpr int restart_seconds = 1;
constexpr std::chrono::milliseconds database_poll{1000}; ///< only while the database is missing

void register_worker(const char* name, const char* entry_point) {
    BackgroundWorker worker;
    std::memset(&worker, 0, sizeof(worker));
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = restart_seconds;
    strlcpy(worker.bgw_library_name, "pg_kafka", sizeof(worker.bgw_library_name));
    strlcpy(worker.bgw_function_name, entry_point, sizeof(worker.bgw_function_name));
    strlcpy(worker.bgw_name, name, sizeof(worker.bgw_name));
    strlcpy(worker.bgw_type, name, sizeof(worker.bgw_type));
    RegisterBackgroundWorker(&worker);
}

/// Adds a hint to the server's own message that the database does not exist.
void explain_missing_database(void* name) {
    if (geterrcode() != ERRCODE_UNDEFINED_DATABASE) return;
    set_database_missing(true);
    errhint("Create it, or set pg_kafka.database to another than \"%s\" and restart the server. "
            "The Kafka broker starts as soon as the database exists.",
            static_cast<const char*>(name));
}

/// Connects to the database, or ends the process with a FATAL.
void connect(const char* database) {
    ErrorContextCallback explanation{error_context_stack, explain_missing_database,
                                     const_cast<char*>(database)};
    error_context_stack = &explanation;
    BackgroundWorkerInitializeConnection(database, nullptr, 0);
    error_context_stack = explanation.previous;
}

/// Looks into pg_database; without its index as long as no process has been connected to a database yet, for
/// until then indexes cannot be opened.
bool find_database(const char* name) {
    Relation databases = table_open(DatabaseRelationId, AccessShareLock);
    ScanKeyData by_name;
    ScanKeyInit(&by_name, Anum_pg_database_datname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum(name));
    SysScanDesc scan = systable_beginscan(databases, DatabaseNameIndexId, criticalSharedRelcachesBuilt,
                                          nullptr, 1, &by_name);
    const bool found = HeapTupleIsValid(systable_getnext(scan));
    systable_endscan(scan);
    table_close(databases, AccessShareLock);
    return found;
}

bool database_exists(const char* name) {
    Transaction transaction("waiting for the database");
    const bool exists = call([name] { return find_database(name); });
    transaction.commit(Durability::none_written);
    return exists;
}

/// Waits until the database exists or the server stops.
void wait_for_database(const char* name) {
    call([] { BackgroundWorkerInitializeConnection(nullptr, nullptr, 0); });
    while (!shutdown_requested()) {
        if (database_exists(name)) {
            set_database_missing(false);
            log(Level::log, std::string("database \"") + name + "\" has appeared, starting the Kafka broker");
            return;
        }
        wait(database_poll);
        if (reload_requested()) reload();
    }
}

/// Only the broker tells of a missing database; others wait until it is connected.
void wait_for_broker() {
    while (!broker_connected() && !shutdown_requested()) {
        wait(std::nullopt);
        if (reload_requested()) reload();
    }
}

void connect_and_run(Role role, void (*body)(), const char* database) {
    if (role == Role::broker && database_missing()) return wait_for_database(database);
    if (role != Role::broker) wait_for_broker();
    if (shutdown_requested()) return;
    call([database] { connect(database); });
    pin_session();
    if (role == Role::broker) set_broker_connected();
    body();
}

void log_failure(const char* what) {
    log(Level::warning, std::string(MyBgworkerEntry->bgw_name) + " has failed and is started again: " + what);
}

/// Everything of a worker's life that owns C++ objects.
void live(Role role, void (*body)()) {
    const std::string database = current_settings().database;
    try {
        connect_and_run(role, body, database.c_str());
    } catch (const std::exception& error) {
        log_failure(error.what());
    } catch (...) {
        log_failure("unknown exception");
    }
}

} // namespace

void require_preload() {
    if (process_shared_preload_libraries_in_progress) return;
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("pg_kafka must be loaded by shared_preload_libraries"),
                    errhint("Add this line to postgresql.conf and restart the server: "
                            "shared_preload_libraries = 'pg_kafka'")));
}

void register_workers() {
    register_worker("pg_kafka broker", "pg_kafka_broker_main");
    register_worker("pg_kafka janitor", "pg_kafka_janitor_main");
}

void run_worker(Role role, void (*body)()) {
    announce_latch(role);
    handle_signals();
    live(role, body);
    proc_exit(1);
}

} // namespace kafka::pg
