// The SQL-callable functions of the foreign data wrapper; see fdw.h.
#include "sql/fdw.h"

#include "sql/foreign_table.h"

extern "C" {
#include "access/reloptions.h"
#include "fmgr.h"

PG_FUNCTION_INFO_V1(pg_kafka_fdw_handler);
PG_FUNCTION_INFO_V1(pg_kafka_fdw_validator);
}

Datum pg_kafka_fdw_handler(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    FdwRoutine* routine = makeNode(FdwRoutine);
    routine->GetForeignRelSize = kafka::sql::estimate_rows;
    routine->GetForeignPaths = kafka::sql::add_paths;
    routine->GetForeignPlan = kafka::sql::make_plan;
    routine->BeginForeignScan = kafka::sql::begin_scan;
    routine->IterateForeignScan = kafka::sql::next_row;
    routine->ReScanForeignScan = kafka::sql::restart_scan;
    routine->EndForeignScan = kafka::sql::end_scan;
    routine->ExplainForeignScan = kafka::sql::explain_scan;
    PG_RETURN_POINTER(routine);
}

Datum pg_kafka_fdw_validator(PG_FUNCTION_ARGS) {
    kafka::sql::check_options(untransformRelOptions(PG_GETARG_DATUM(0)), PG_GETARG_OID(1));
    PG_RETURN_VOID();
}
