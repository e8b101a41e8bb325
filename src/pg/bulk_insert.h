// Adds rows to one table many at a time, as COPY does: straight to its pages and indexes, without a statement for each
// row. Constraints and indexes are kept; triggers and rules are not run. Main thread only, inside a pg::Transaction;
// std types only. Every function throws pg::Error when the server reports one.
#pragma once
#include "pg/transaction.h"
#include "pg/value.h"

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>

namespace kafka::pg {

class BulkInsert {
public:
    /// Who sees the rows: transactions that begin after the commit; or, for a table that this transaction has made, whoever sees the
    /// table, as VACUUM FULL and COPY FREEZE have it.
    enum class Visible { as_usual, to_all };

    /// Of the table schema.name. To be finished or given up within the transaction.
    BulkInsert(const std::string& schema, const std::string& name, Visible visible = Visible::as_usual);
    BulkInsert(BulkInsert&&) noexcept;
    ~BulkInsert();

    /// One value for each of the first columns, of the column's type; others are null. They are copied.
    void add(std::span<const Value> row);
    void add(std::initializer_list<Value> row) { add(std::span(row.begin(), row.size())); }
    /// The rows are in the table, and the table is let go. Without it, nothing may follow but a rollback.
    void finish();

    /// Bytes that the first columns, none of them null, may have (each at its alignment) in a row that goes on the page that is being filled.
    size_t room_on_page(int columns) const;
    /// The same of an empty page: no row may have more.
    size_t room_on_empty_page(int columns) const;

private:
    struct Target;
    void flush();

    std::unique_ptr<Target> target_;
};

} // namespace kafka::pg
