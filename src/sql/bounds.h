// Bounds: what the limits of a query come to once their operands have values, for one pass over the log.
// Runs in the session of a query.
#pragma once
#include "sql/wanted.h"
#include "wire/bytes.h"

#include <algorithm>
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
    std::optional<std::vector<std::string>> keys;   ///< of records, sorted; nothing: any key, or none
    Wanted partitions;
    Wanted offsets;
    int64_t min_timestamp = INT64_MIN; ///< ms since 1970; smallest value: timestamps do not limit the scan

    /// Whether records with this key can be wanted.
    bool want_key(const std::optional<wire::View>& key) const {
        return !keys || (key && std::binary_search(keys->begin(), keys->end(), *key));
    }
};

/// Evaluates `operands` (a list of ExprState), which belong to `limits` (made by limit_to_list()) one by one.
/// Throws Error.
Bounds evaluate_bounds(const List* limits, const List* operands, ExprContext* context);

} // namespace kafka::sql
