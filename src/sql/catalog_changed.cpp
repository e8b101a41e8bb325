// The triggers on the stored rows, for whichever session changes them: kafka.catalog_changed() and
// kafka.groups_changed() tell the broker, kafka.cluster_restored() lets the row of a dump take the place of the
// broker's own.
#include "pg/group_changes.h"
#include "pg/shared.h"
#include "pg/spi.h"
#include "sql/arguments.h"

#include <algorithm>
#include <string_view>

#include "pg/guard.h"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(pg_kafka_catalog_changed);
PG_FUNCTION_INFO_V1(pg_kafka_cluster_restored);
PG_FUNCTION_INFO_V1(pg_kafka_groups_changed);
}

namespace kafka::sql {
namespace {

const TriggerData* trigger_of(FunctionCallInfo call, const char* function) {
    if (!CALLED_AS_TRIGGER(call))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("%s can only be called as a trigger", function)));
    return reinterpret_cast<const TriggerData*>(call->context);
}

pg::Change changed_with(std::string_view table) {
    if (table == "transaction" || table == "pending_offset") return pg::Change::transactions;
    if (table == "segment" || table == "producer" || table == "producer_snapshot" ||
        table == "aborted_transaction")
        return pg::Change::log;
    return pg::Change::topics;
}

/// Removes the row that is there and returns its epoch; -1 if there was none. The lock waits for a broker that is
/// writing its own at this moment. Two logs cannot become one: their segments have the same names.
int32_t replace_cluster() {
    const pg::Connection connection;
    pg::execute("LOCK TABLE kafka.cluster IN SHARE ROW EXCLUSIVE MODE");
    if (!pg::execute("SELECT FROM kafka.topic LIMIT 1").empty())
        refuse(
            sqlstate::object_not_in_prerequisite_state,
            "a log cannot be restored into a database that has topics", {},
            "Restore it into another database, or delete the topics here with kafka.delete_topic() before.");
    const pg::Result replaced = pg::execute("DELETE FROM kafka.cluster RETURNING leader_epoch");
    return replaced.empty() ? -1 : replaced.int32(0, 0);
}

/// The row with an epoch that is not below `least`, and of no server that there is: so the broker joins in the
/// next epoch, and clients notice that the log may have lost what came after the dump.
HeapTuple as_restored(HeapTuple row, TupleDesc shape, int32_t least) {
    int columns[] = {SPI_fnumber(shape, "leader_epoch"), SPI_fnumber(shape, "system_identifier")};
    bool nulls[] = {false, false};
    const int32_t epoch = DatumGetInt32(SPI_getbinval(row, shape, columns[0], &nulls[0]));
    Datum values[] = {Int32GetDatum(nulls[0] ? least : std::max(epoch, least)), CStringGetTextDatum("")};
    nulls[0] = false;
    return heap_modify_tuple_by_cols(row, shape, 2, columns, values, nulls);
}

} // namespace
} // namespace kafka::sql

Datum pg_kafka_catalog_changed(PG_FUNCTION_ARGS) {
    const TriggerData* trigger = kafka::sql::trigger_of(fcinfo, "kafka.catalog_changed()");
    kafka::pg::changed_at_commit(kafka::sql::changed_with(RelationGetRelationName(trigger->tg_relation)));
    return PointerGetDatum(nullptr);
}

Datum pg_kafka_groups_changed(PG_FUNCTION_ARGS) {
    kafka::sql::trigger_of(fcinfo, "kafka.groups_changed()");
    if (!kafka::pg::holds_group()) kafka::pg::groups_changed_at_commit();
    return PointerGetDatum(nullptr);
}

Datum pg_kafka_cluster_restored(PG_FUNCTION_ARGS) {
    const TriggerData* trigger = kafka::sql::trigger_of(fcinfo, "kafka.cluster_restored()");
    HeapTuple row = trigger->tg_trigtuple;
    if (kafka::pg::in_worker()) return PointerGetDatum(row);
    const int32_t replaced = kafka::pg::entry([] { return kafka::sql::replace_cluster(); });
    return PointerGetDatum(kafka::sql::as_restored(row, RelationGetDescr(trigger->tg_relation), replaced));
}
