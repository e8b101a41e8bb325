// See bounds.h.
#include "sql/bounds.h"

#include "sql/limit.h"
#include "sql/timestamps.h"

#include <algorithm>
#include <iterator>

extern "C" {
#include "access/stratnum.h"
#include "catalog/pg_type_d.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
}

namespace kafka::sql {
namespace {

struct Operand {
    Datum value;
    Oid type;
};

int64_t integer(Operand operand) {
    switch (operand.type) {
    case INT2OID:
        return DatumGetInt16(operand.value);
    case INT4OID:
        return DatumGetInt32(operand.value);
    default:
        return DatumGetInt64(operand.value);
    }
}

/// Of a name or a key.
std::string bytes(Operand operand) {
    const varlena* detoasted = pg::call([=] { return PG_DETOAST_DATUM_PACKED(operand.value); });
    return {VARDATA_ANY(detoasted), size_t(VARSIZE_ANY_EXHDR(detoasted))};
}

/// The operand's value; nothing if it is NULL, with which nothing compares as true.
std::optional<Operand> value_of(ExprState* operand, ExprContext* context) {
    bool null = false;
    const Datum value = pg::call([&] { return ExecEvalExprSwitchContext(operand, context, &null); });
    if (null) return std::nullopt;
    return Operand{value, exprType(reinterpret_cast<Node*>(operand->expr))};
}

/// The array's elements that are not NULL.
std::vector<Operand> elements_of(Operand array) {
    struct Elements {
        Datum* values;
        bool* nulls;
        int count;
        Oid type;
    };
    const Elements elements = pg::call([=] {
        Elements found{};
        ArrayType* detoasted = DatumGetArrayTypeP(array.value);
        int16 length;
        bool by_value;
        char alignment;
        found.type = ARR_ELEMTYPE(detoasted);
        get_typlenbyvalalign(found.type, &length, &by_value, &alignment);
        deconstruct_array(detoasted, found.type, length, by_value, alignment, &found.values, &found.nulls,
                          &found.count);
        return found;
    });
    std::vector<Operand> values;
    for (int i = 0; i < elements.count; i++)
        if (!elements.nulls[i]) values.push_back({elements.values[i], elements.type});
    return values;
}

using Strings = std::vector<std::string>;

/// Narrows what is wanted to those among `strings` too.
void only(std::optional<Strings>& wanted, Strings strings) {
    std::sort(strings.begin(), strings.end());
    strings.erase(std::unique(strings.begin(), strings.end()), strings.end());
    if (wanted)
        std::erase_if(strings, [&](const std::string& s) {
            return !std::binary_search(wanted->begin(), wanted->end(), s);
        });
    wanted = std::move(strings);
}

/// Of a column of strings; null for one of numbers.
std::optional<Strings>* strings_of(Bounds& bounds, Column column) {
    if (column == Column::topic) return &bounds.topics;
    return column == Column::key ? &bounds.keys : nullptr;
}

void compare(Wanted& wanted, int strategy, int64_t value) {
    switch (strategy) {
    case BTLessStrategyNumber:
        return wanted.below(value);
    case BTLessEqualStrategyNumber:
        return wanted.at_most(value);
    case BTEqualStrategyNumber:
        return wanted.exactly(value);
    case BTGreaterEqualStrategyNumber:
        return wanted.at_least(value);
    default:
        return wanted.above(value);
    }
}

Wanted& wanted_of(Bounds& bounds, Column column) {
    return column == Column::partition ? bounds.partitions : bounds.offsets;
}

void apply_any(Bounds& bounds, const Limit& limit, Operand array) {
    const std::vector<Operand> elements = elements_of(array);
    if (auto* wanted = strings_of(bounds, limit.column)) {
        Strings strings;
        std::transform(elements.begin(), elements.end(), std::back_inserter(strings), bytes);
        return only(*wanted, std::move(strings));
    }
    std::vector<int64_t> values;
    std::transform(elements.begin(), elements.end(), std::back_inserter(values), integer);
    wanted_of(bounds, limit.column).one_of(std::move(values));
}

void apply(Bounds& bounds, const Limit& limit, Operand operand) {
    if (limit.any) return apply_any(bounds, limit, operand);
    if (auto* wanted = strings_of(bounds, limit.column)) return only(*wanted, {bytes(operand)});
    if (limit.column == Column::timestamp) {
        bounds.min_timestamp =
            std::max(bounds.min_timestamp, to_milliseconds(DatumGetTimestampTz(operand.value)));
        return;
    }
    compare(wanted_of(bounds, limit.column), limit.strategy, integer(operand));
}

} // namespace

Bounds evaluate_bounds(const List* limits, const List* operands, ExprContext* context) {
    Bounds bounds;
    for (int i = 0; i < list_length(limits); i++) {
        const Limit limit = limit_from_list(static_cast<List*>(list_nth(limits, i)));
        const auto operand = value_of(static_cast<ExprState*>(list_nth(operands, i)), context);
        if (operand)
            apply(bounds, limit, *operand);
        else
            bounds.topics.emplace();
    }
    return bounds;
}

} // namespace kafka::sql
