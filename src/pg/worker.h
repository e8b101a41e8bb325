// Registering the background workers, and the way from a new process to a worker's body. Main thread only;
// std types only.
#pragma once
#include "pg/shared.h"

namespace kafka::pg {

/// Ends with an ERROR and a hint unless the library is being loaded by shared_preload_libraries. Main thread
/// of any process.
void require_preload();

/// Asks the postmaster to run both workers, and to start each one anew a second after it has ended.
void register_workers();

/// The whole life of a worker's process: signals, connection to pg_kafka.database, pinned session, `body`,
/// end. Where the database is missing, waits for it without a word after the first. `body` returns when
/// shutdown_requested(); an exception from it is logged.
[[noreturn]] void run_worker(Role role, void (*body)());

} // namespace kafka::pg
