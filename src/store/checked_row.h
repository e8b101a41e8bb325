// Rows of tables that the broker alone writes, and has in memory by what it reads at start. Somebody may have changed them by SQL to what
// no constraint allows, and dropped the constraints: the broker goes on without what it cannot read, and says so in the log.
// Called inside a pg::Transaction.
#pragma once
#include "pg/process.h"
#include "pg/spi.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace kafka::store {

/// One row. A value that is null, or of another shape or range than the broker's, is read as the least that it could be, as empty or as
/// all zero, and makes the row damaged.
class CheckedRow {
public:
    CheckedRow(const pg::Result& rows, uint64_t row) : rows_(rows), row_(row) {}

    int32_t int32(int column, int32_t least, int32_t most = std::numeric_limits<int32_t>::max()) {
        return within(read(least, [&] { return rows_.int32(row_, column); }), least, most);
    }
    int64_t int64(int column, int64_t least, int64_t most = std::numeric_limits<int64_t>::max()) {
        return within(read(least, [&] { return rows_.int64(row_, column); }), least, most);
    }
    std::string text(int column) {
        return read(std::string(), [&] { return rows_.text(row_, column); });
    }
    pg::Uuid uuid(int column) {
        return read(pg::Uuid{}, [&] { return rows_.uuid(row_, column); });
    }
    std::vector<int32_t> int32_array(int column) {
        return read(std::vector<int32_t>(), [&] { return rows_.int32_array(row_, column); });
    }
    std::vector<int64_t> int64_array(int column) {
        return read(std::vector<int64_t>(), [&] { return rows_.int64_array(row_, column); });
    }
    std::vector<pg::Uuid> uuid_array(int column) {
        return read(std::vector<pg::Uuid>(), [&] { return rows_.uuid_array(row_, column); });
    }
    std::vector<std::string> text_array(int column) {
        return read(std::vector<std::string>(), [&] { return rows_.text_array(row_, column); });
    }

    /// What must hold between the values of a row.
    void expect(bool holds) { damaged_ |= !holds; }
    bool damaged() const { return damaged_; }

private:
    template <class Value, class Get> Value read(Value instead, Get get) {
        try {
            return get();
        } catch (const pg::UnexpectedValue&) {
            damaged_ = true;
            return instead;
        }
    }
    template <class Number> Number within(Number value, Number least, Number most) {
        expect(value >= least && value <= most);
        return std::clamp(value, least, most);
    }

    const pg::Result& rows_;
    const uint64_t row_;
    bool damaged_ = false;
};

/// Calls take(row) for each row that is left. Should some be damaged, one line in the log says so, and what becomes of them.
template <class Take>
void each_checked_row(pg::Cursor cursor, const std::string& table, const std::string& consequence,
                      Take take) {
    size_t damaged = 0;
    cursor.each_row([&](const pg::Result& rows, uint64_t i) {
        CheckedRow row(rows, i);
        take(row);
        damaged += row.damaged();
    });
    if (damaged > 0)
        pg::log(pg::Level::warning,
                "pg_kafka found damaged rows in " + table + ": " + std::to_string(damaged), consequence);
}

} // namespace kafka::store
