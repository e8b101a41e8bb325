// Bounds: what the limits of a query come to once their operands have values, for one pass over the log.
// Runs in the session of a query.
#pragma once
#include "sql/wanted.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/guard.h"

extern "C" {
#include "nodes/execnodes.h"
}

namespace kafka::sql {

struct Bounds {
    std::optional<std::vector<std::string>> topics; ///< names, sorted; nothing: all topics
    Wanted partitions;
    Wanted offsets;
    int64_t min_timestamp = INT64_MIN; ///< ms since 1970; smallest value: timestamps do not limit the scan
};

/// Evaluates `operands` (a list of ExprState), which belong to `limits` (made by limit_to_list()) one by one.
/// Throws Error.
Bounds evaluate_bounds(const List* limits, const List* operands, ExprContext* context);

} // namespace kafka::sql
