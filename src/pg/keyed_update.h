// Replaces rows of one table that are found by their primary key, straight in its pages and indexes, without the executor's work for
// each row. Constraints and indexes are kept. Main thread only, inside a pg::Transaction or pg::Connection; std types only. Every
// function throws pg::Error when the server reports one.
#pragma once
#include "pg/transaction.h"
#include "pg/value.h"

#include <initializer_list>
#include <memory>

namespace kafka::pg {

/// A table of ours, which its owner may have altered.
struct KeyedTable {
    const char* schema;
    const char* name;
    int key_columns; ///< how many of its first columns are its primary key
    /// A trigger for each statement that is not to be run for these rows; null: there is none.
    const char* own_trigger = nullptr;
};

class KeyedUpdate {
public:
    /// To be finished or given up within the transaction. Sees what the transaction has done so far.
    explicit KeyedUpdate(const KeyedTable& table);
    ~KeyedUpdate();

    /// Puts the row, one value for each column, in the place of the one with its key. False, and nothing is done, if a statement has
    /// to do it: there is no such row, it has been changed meanwhile, another transaction is changing it, or the table is not a
    /// plain one any more: it has other columns, triggers, rules, or another primary key.
    bool replace(std::initializer_list<Value> row);
    /// The table is let go.
    void finish();

private:
    struct Target;
    std::unique_ptr<Target> target_;
};

} // namespace kafka::pg
