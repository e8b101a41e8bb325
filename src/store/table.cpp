// See table.h.
#include "store/table.h"

namespace kafka::store {
namespace {

/// "what(0, columns[0]), what(1, columns[1])" and so on.
template <class What> std::string list(std::span<const std::string_view> columns, What what) {
    std::string text;
    for (size_t i = 0; i < columns.size(); i++)
        text.append(i ? ", " : "").append(what(i, std::string(columns[i])));
    return text;
}

} // namespace

std::string names(std::span<const std::string_view> columns) {
    return list(columns, [](size_t, const std::string& name) { return name; });
}

std::string unnested(std::span<const std::string_view> columns) {
    const auto array = [](size_t i, const std::string&) {
        return "pg_catalog.unnest($" + std::to_string(i + 1) + ")";
    };
    return "ROWS FROM (" + list(columns, array) + ") AS u(" + names(columns) + ")";
}

std::string each(const std::string& what, const std::string& table, const std::string& condition) {
    return " CROSS JOIN LATERAL (SELECT " + what + " FROM kafka." + table + " t WHERE " + condition +
           " LIMIT 1) AS t";
}

std::string upsert(const Table& table, const std::string& source) {
    const auto assign = [](size_t, const std::string& name) { return name + " = excluded." + name; };
    return "INSERT INTO kafka." + std::string(table.name) + " (" + names(table.columns) + ") " + source +
           " ON CONFLICT (" + names(table.key()) + ") DO UPDATE SET " +
           list(table.columns.subspan(size_t(table.key_columns)), assign);
}

std::string upsert_one(const Table& table) {
    const auto parameter = [](size_t i, const std::string&) { return "$" + std::to_string(i + 1); };
    return upsert(table, "VALUES (" + list(table.columns, parameter) + ")");
}

std::string upsert_many(const Table& table) {
    return upsert(table, "SELECT u.* FROM " + unnested(table.columns));
}

std::string remove_rows(const Table& table) {
    const auto of = [](const std::string& alias) {
        return [alias](size_t, const std::string& name) { return alias + "." + name; };
    };
    const std::string name(table.name);
    const std::string same_key =
        "(" + list(table.key(), of("t")) + ") = (" + list(table.key(), of("u")) + ")";
    return "DELETE FROM kafka." + name + " WHERE ctid = ANY (ARRAY(SELECT t.ctid FROM " +
           unnested(table.key()) + each("t.ctid", name, same_key) + "))";
}

} // namespace kafka::store
