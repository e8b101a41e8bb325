// The text of statements that write rows which memory knows as a whole: put in the place of those with their keys, or removed. Pure.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace kafka::store {

/// A table of the schema kafka. Its columns are in the order in which rows are written and read, those of its key first.
struct Table {
    std::string_view name;
    std::span<const std::string_view> columns;
    int key_columns;
    std::span<const std::string_view> key() const { return columns.first(size_t(key_columns)); }
};

/// "first, second" and so on.
std::string names(std::span<const std::string_view> columns);
/// Rows u of these columns, whose values are arrays of the same length in the statement's parameters.
std::string unnested(std::span<const std::string_view> columns);
/// At most one row t of a table for each row of what stands before it. A join could go through the whole table instead: plans are
/// made while tables are small, and kept when they are large.
std::string each(const std::string& what, const std::string& table, const std::string& condition);

/// Inserts the rows of `source`, or replaces those with their keys.
std::string upsert(const Table& table, const std::string& source);
/// The same of one row, with a parameter for each column.
std::string upsert_one(const Table& table);
/// The same of many, with an array for each column.
std::string upsert_many(const Table& table);
/// Deletes the rows whose keys are in arrays.
std::string remove_rows(const Table& table);

} // namespace kafka::store
