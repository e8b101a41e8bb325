// The shape of the foreign tables that read the log: what their rows are (option "rows") and what their
// columns show. Server code: functions end by ereport. Runs in the session of a query.
#pragma once
#include "pg/guard.h"

extern "C" {
#include "nodes/pg_list.h"
#include "utils/rel.h"
}

namespace kafka::sql {

/// What one row of a foreign table is.
enum class RowKind { messages, log, partitions, producers };

/// What a column shows; recognized by its name.
enum class Column {
    topic,
    partition,
    offset,
    timestamp,
    key,
    value,
    headers,
    producer_id,
    producer_epoch,
    sequence,
    transaction_state,
    control,
    log_start_offset,
    last_stable_offset,
    high_watermark,
    last_sequence,
    last_timestamp,
    transaction_start_offset
};

/// From the table's option.
RowKind row_kind_of(Oid foreign_table);

/// What column `attribute` (from 1) shows; an error if there is no such thing or if its type is another.
Column column_of(Relation table, AttrNumber attribute);

/// Refuses options that are not of the foreign table, or not valid. `catalog` says what kind of object has
/// them.
void check_options(List* options, Oid catalog);

/// The element type of a headers column: a composite of (text, bytea).
Oid header_type_of(Relation table, AttrNumber attribute);

} // namespace kafka::sql
