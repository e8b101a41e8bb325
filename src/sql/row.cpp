// See row.h.
#include "sql/row.h"

#include "sql/timestamps.h"
#include "sql/utf8_text.h"

#include <cstring>
#include <optional>

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/typcache.h"
}

namespace kafka::sql {
namespace {

struct Value {
    Datum datum;
    bool null;
};

Value bytes(const std::optional<wire::View>& from) {
    if (!from) return {0, true};
    auto* value = static_cast<bytea*>(palloc(VARHDRSZ + from->size()));
    SET_VARSIZE(value, VARHDRSZ + from->size());
    if (!from->empty()) std::memcpy(VARDATA(value), from->data(), from->size());
    return {PointerGetDatum(value), false};
}

Value timestamp(int64_t milliseconds) {
    if (milliseconds == record::no_timestamp) return {0, true};
    return {TimestampTzGetDatum(to_timestamptz(milliseconds)), false};
}

Datum header(const record::Header& from, TupleDesc fields) {
    const Value value = bytes(from.value);
    Datum values[] = {PointerGetDatum(text_from_utf8(from.key)), value.datum};
    bool nulls[] = {false, value.null};
    return HeapTupleGetDatum(heap_form_tuple(fields, values, nulls));
}

Value headers(const std::vector<record::Header>& from, Oid type, TupleDesc fields) {
    if (from.empty()) return {PointerGetDatum(construct_empty_array(type)), false};
    auto* elements = static_cast<Datum*>(palloc(from.size() * sizeof(Datum)));
    for (size_t i = 0; i < from.size(); i++) elements[i] = header(from[i], fields);
    return {PointerGetDatum(construct_array(elements, int(from.size()), type, -1, false, TYPALIGN_DOUBLE)),
            false};
}

Value topic(const std::string& name) {
    return {PointerGetDatum(cstring_to_text_with_len(name.data(), int(name.size()))), false};
}

Value value_of(Column column, const Row& row, Oid header_type, TupleDesc header_fields) {
    switch (column) {
    case Column::topic:
        return topic(*row.topic);
    case Column::partition:
        return {Int32GetDatum(row.partition), false};
    case Column::offset:
        return {Int64GetDatum(row.record.offset), false};
    case Column::timestamp:
        return timestamp(row.record.timestamp);
    case Column::key:
        return bytes(row.record.key);
    case Column::value:
        return bytes(row.record.value);
    case Column::headers:
        return headers(row.record.headers, header_type, header_fields);
    case Column::log_start_offset:
        return {Int64GetDatum(row.log_start_offset), false};
    case Column::high_watermark:
        return {Int64GetDatum(row.high_watermark), false};
    }
    return {0, true};
}

} // namespace

RowShape::RowShape(Relation table, const List* columns) {
    for (int i = 0; i < list_length(columns); i++) {
        const auto number = AttrNumber(list_nth_int(columns, i));
        const Column column = pg::call([=] { return column_of(table, number); });
        parts_.push_back({number - 1, column});
        if (column != Column::headers) continue;
        pg::call([=, this] {
            header_type_ = header_type_of(table, number);
            header_fields_ = lookup_rowtype_tupdesc_copy(header_type_, -1);
        });
    }
}

void RowShape::store(const Row& row, TupleTableSlot* slot) const {
    std::memset(slot->tts_isnull, true, size_t(slot->tts_tupleDescriptor->natts) * sizeof(bool));
    for (const Part& part : parts_) {
        const Value value = value_of(part.column, row, header_type_, header_fields_);
        slot->tts_values[part.attribute] = value.datum;
        slot->tts_isnull[part.attribute] = value.null;
    }
    ExecStoreVirtualTuple(slot);
}

} // namespace kafka::sql
