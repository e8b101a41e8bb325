// Replaces rows of one table that are found by their primary key, straight in its pages and indexes, without the executor's work for
// each row. Constraints and indexes are kept; rules and triggers for each statement are not run. Main thread only, inside a
// pg::Transaction; std types only. Every function throws pg::Error when the server reports one.
#pragma once
#include "pg/transaction.h"
#include "pg/value.h"

#include <initializer_list>
#include <memory>
#include <string>

namespace kafka::pg {

class KeyedUpdate {
public:
    /// Of the table schema.name, whose primary key are its first columns. To be finished or given up within the transaction.
    KeyedUpdate(const std::string& schema, const std::string& name);
    ~KeyedUpdate();

    /// Puts the row, one value for each column, in the place of the one with its key. False, and nothing is done, if a statement has
    /// to do it: there is no such row, another transaction is changing it, or the table has triggers for each row, or is not what
    /// is expected. No key may be replaced twice.
    bool replace(std::initializer_list<Value> row);
    /// The table is let go.
    void finish();

private:
    struct Target;
    std::unique_ptr<Target> target_;
};

} // namespace kafka::pg
