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

Value name(std::string_view name) {
    return {PointerGetDatum(cstring_to_text_with_len(name.data(), int(name.size()))), false};
}

constexpr Value null{0, true};

Value state(TransactionState state) {
    switch (state) {
    case TransactionState::committed:
        return name("committed");
    case TransactionState::aborted:
        return name("aborted");
    case TransactionState::ongoing:
        return name("ongoing");
    case TransactionState::none:
        break;
    }
    return null;
}

Value number(int32_t value) { return {Int32GetDatum(value), false}; }
Value number(int64_t value) { return {Int64GetDatum(value), false}; }

/// Of numbers that are not there if they are negative.
template <class Number> Value number_if_any(Number value) { return value < 0 ? null : number(value); }

Value value_of(Column column, const Row& row, Oid header_type, TupleDesc header_fields) {
    switch (column) {
    case Column::topic:
        return name(*row.topic);
    case Column::partition:
        return number(row.partition);
    case Column::offset:
        return number(row.record.offset);
    case Column::timestamp:
        return timestamp(row.record.timestamp);
    case Column::key:
        return row.control ? null : bytes(row.record.key);
    case Column::value:
        return row.control ? null : bytes(row.record.value);
    case Column::headers:
        return headers(row.record.headers, header_type, header_fields);
    case Column::producer_id:
        return number_if_any(row.producer_id);
    case Column::producer_epoch:
        return row.producer_id < 0 ? null : number(int32_t(row.producer_epoch));
    case Column::sequence:
        return number_if_any(row.record.sequence);
    case Column::transaction_state:
        return state(row.transaction_state);
    case Column::control:
        return {BoolGetDatum(row.control), false};
    case Column::log_start_offset:
        return number(row.log_start_offset);
    case Column::last_stable_offset:
        return number(row.last_stable_offset);
    case Column::high_watermark:
        return number(row.high_watermark);
    case Column::last_sequence:
        return number_if_any(row.last_sequence);
    case Column::last_timestamp:
        return timestamp(row.last_timestamp);
    case Column::transaction_start_offset:
        return row.transaction_start_offset ? number(*row.transaction_start_offset) : null;
    }
    return null;
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
