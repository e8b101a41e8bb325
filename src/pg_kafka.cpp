// The front door: what the server calls when it loads the library and when it starts a worker. Main thread
// only.
#include "pg/settings.h"
#include "pg/worker.h"
#include "status/board.h"
#include "worker/broker.h"
#include "worker/janitor.h"

#include "pg/guard.h"

extern "C" {
#include "fmgr.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init();
PGDLLEXPORT void pg_kafka_broker_main(Datum argument);
PGDLLEXPORT void pg_kafka_janitor_main(Datum argument);

void _PG_init() {
    kafka::pg::require_preload();
    kafka::pg::define_settings();
    const auto connections = static_cast<size_t>(kafka::pg::current_settings().max_connections);
    kafka::pg::request_shared_memory(kafka::status::Board::size_for(connections));
    kafka::pg::register_workers();
}

void pg_kafka_broker_main(Datum) {
    kafka::pg::run_worker(kafka::pg::Role::broker, kafka::worker::run_broker);
}
void pg_kafka_janitor_main(Datum) {
    kafka::pg::run_worker(kafka::pg::Role::janitor, kafka::worker::run_janitor);
}
}
