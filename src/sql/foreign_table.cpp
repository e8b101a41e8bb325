// See foreign_table.h.
#include "sql/foreign_table.h"

#include <algorithm>
#include <cstring>
#include <iterator>

extern "C" {
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_type_d.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
}

namespace kafka::sql {
namespace {

struct ColumnType {
    const char* name;
    Oid type; ///< invalid: an array of headers
};

constexpr ColumnType column_types[] = {
    // in the order of Column
    {"topic", TEXTOID},
    {"partition", INT4OID},
    {"offset", INT8OID},
    {"timestamp", TIMESTAMPTZOID},
    {"key", BYTEAOID},
    {"value", BYTEAOID},
    {"headers", InvalidOid},
    {"producer_id", INT8OID},
    {"producer_epoch", INT4OID},
    {"sequence", INT4OID},
    {"transaction_state", TEXTOID},
    {"control", BOOLOID},
    {"log_start_offset", INT8OID},
    {"last_stable_offset", INT8OID},
    {"high_watermark", INT8OID},
    {"last_sequence", INT4OID},
    {"last_timestamp", TIMESTAMPTZOID},
    {"transaction_start_offset", INT8OID},
};

bool is_header(Oid type) {
    if (!OidIsValid(type) || !type_is_rowtype(type)) return false;
    const TupleDesc fields = lookup_rowtype_tupdesc_noerror(type, -1, true);
    if (!fields) return false;
    const bool fits = fields->natts == 2 && TupleDescAttr(fields, 0)->atttypid == TEXTOID &&
                      TupleDescAttr(fields, 1)->atttypid == BYTEAOID;
    ReleaseTupleDesc(fields);
    return fits;
}

bool row_kind_from(const char* option, RowKind* kind) {
    constexpr const char* names[] = {"messages", "log", "partitions", "producers"}; // in the order of RowKind
    const auto* found = std::find_if(std::begin(names), std::end(names),
                                     [=](const char* name) { return std::strcmp(option, name) == 0; });
    if (found == std::end(names)) return false;
    *kind = static_cast<RowKind>(found - names);
    return true;
}

} // namespace

RowKind row_kind_of(Oid foreign_table) {
    RowKind kind = RowKind::messages;
    ListCell* cell;
    foreach (cell, GetForeignTable(foreign_table)->options) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        if (std::strcmp(option->defname, "rows") == 0) row_kind_from(defGetString(option), &kind);
    }
    return kind;
}

Oid header_type_of(Relation table, AttrNumber attribute) {
    return get_element_type(TupleDescAttr(RelationGetDescr(table), attribute - 1)->atttypid);
}

Column column_of(Relation table, AttrNumber attribute) {
    const Form_pg_attribute found = TupleDescAttr(RelationGetDescr(table), attribute - 1);
    for (const ColumnType& column : column_types) {
        if (std::strcmp(column.name, NameStr(found->attname)) != 0) continue;
        if (OidIsValid(column.type) ? column.type != found->atttypid
                                    : !is_header(header_type_of(table, attribute)))
            ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
                            errmsg("column \"%s\" of foreign table \"%s\" has the wrong type", column.name,
                                   RelationGetRelationName(table))));
        return static_cast<Column>(&column - column_types);
    }
    ereport(ERROR, (errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
                    errmsg("the log has nothing for column \"%s\" of foreign table \"%s\"",
                           NameStr(found->attname), RelationGetRelationName(table))));
    pg_unreachable();
}

void check_options(List* options, Oid catalog) {
    ListCell* cell;
    foreach (cell, options) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        RowKind kind;
        if (catalog != ForeignTableRelationId || std::strcmp(option->defname, "rows") != 0)
            ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
                            errmsg("invalid option \"%s\"", option->defname),
                            errhint("Only foreign tables have an option, \"rows\".")));
        if (!row_kind_from(defGetString(option), &kind))
            ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
                            errmsg("invalid value \"%s\" for option \"rows\"", defGetString(option)),
                            errhint("It is \"messages\", \"log\", \"partitions\" or \"producers\".")));
    }
}

} // namespace kafka::sql
