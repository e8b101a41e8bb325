// kafka.catalog_changed(): the trigger on the catalog's tables. Runs in whichever session changes them.
#include "pg/shared.h"

#include <cstring>

#include "pg/guard.h"

extern "C" {
#include "commands/trigger.h"
#include "fmgr.h"
#include "postmaster/bgworker.h"

PG_FUNCTION_INFO_V1(pg_kafka_catalog_changed);
}

namespace kafka::sql {
namespace {

/// The broker keeps its memory equal to what it writes, and need not be told.
bool is_broker() {
    return MyBgworkerEntry && std::strcmp(MyBgworkerEntry->bgw_function_name, "pg_kafka_broker_main") == 0;
}

} // namespace
} // namespace kafka::sql

Datum pg_kafka_catalog_changed(PG_FUNCTION_ARGS) {
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("kafka.catalog_changed() can only be called as a trigger")));
    if (!kafka::sql::is_broker()) kafka::pg::catalog_changed_at_commit();
    return PointerGetDatum(nullptr);
}
