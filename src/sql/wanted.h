// Which values of an integer column a query can want: a range, and within it only some values where the query
// lists them. Pure.
#pragma once
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace kafka::sql {

class Wanted {
public:
    void at_least(int64_t value) { low_ = std::max(low_, value); }
    void at_most(int64_t value) { high_ = std::min(high_, value); }
    void above(int64_t value) { value < largest ? at_least(value + 1) : nothing(); }
    void below(int64_t value) { value > smallest ? at_most(value - 1) : nothing(); }
    void exactly(int64_t value) { at_least(value), at_most(value); }
    void nothing() { low_ = largest, high_ = smallest; }

    /// Only these, in any order; of several lists what they have in common.
    void one_of(std::vector<int64_t> values) {
        std::sort(values.begin(), values.end());
        if (values_) std::erase_if(values, [&](int64_t v) { return !listed(v); });
        values_ = std::move(values);
    }

    /// The first wanted value that is not below `from`.
    std::optional<int64_t> next(int64_t from) const {
        from = std::max(from, low_);
        if (values_) {
            const auto at = std::lower_bound(values_->begin(), values_->end(), from);
            if (at == values_->end()) return std::nullopt;
            from = *at;
        }
        return from <= high_ ? std::optional(from) : std::nullopt;
    }

    /// The last wanted value that is not above `from`.
    std::optional<int64_t> previous(int64_t from) const {
        from = std::min(from, high_);
        if (values_) {
            const auto after = std::upper_bound(values_->begin(), values_->end(), from);
            if (after == values_->begin()) return std::nullopt;
            from = *std::prev(after);
        }
        return from >= low_ ? std::optional(from) : std::nullopt;
    }

    bool contains(int64_t value) const {
        return value >= low_ && value <= high_ && (!values_ || listed(value));
    }

private:
    static constexpr int64_t smallest = std::numeric_limits<int64_t>::min();
    static constexpr int64_t largest = std::numeric_limits<int64_t>::max();

    bool listed(int64_t value) const { return std::binary_search(values_->begin(), values_->end(), value); }

    int64_t low_ = smallest, high_ = largest;
    std::optional<std::vector<int64_t>> values_; ///< sorted
};

} // namespace kafka::sql
