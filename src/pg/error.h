// An error of the server as a C++ exception. Thrown by pg::call on the thread that called the server; after
// it, if nothing else is said, the transaction is dead and nothing may call the server until it has been rolled back.
#pragma once
#include <stdexcept>
#include <string>
#include <string_view>

namespace kafka::pg {

/// What the server reported; what() is its primary message.
struct Error : std::runtime_error {
    std::string sqlstate; ///< five characters, see "PostgreSQL Error Codes"
    std::string detail;   ///< empty: none
    std::string hint;     ///< empty: none
    std::string context;  ///< where it happened (the SQL statement); empty: unknown

    Error(const std::string& message, std::string_view state)
        : std::runtime_error(message), sqlstate(state) {}

    bool is(std::string_view state) const { return sqlstate == state; }
    bool in_class(std::string_view two_characters) const { return sqlstate.starts_with(two_characters); }

    bool undefined_table() const { return is("42P01"); }
    bool undefined_database() const { return is("3D000"); }
    bool undefined_schema() const { return is("3F000"); }
    bool unique_violation() const { return is("23505"); }
    /// lock_timeout ran out, or NOWAIT found the lock taken.
    bool lock_not_available() const { return is("55P03"); }
    /// pg_cancel_backend, or a timeout of the statement.
    bool query_canceled() const { return is("57014"); }
    /// A setting that may not be changed now, or not in this way.
    bool cant_change_setting() const { return is("55P02"); }
    bool disk_full() const { return is("53100"); }
    bool out_of_memory() const { return is("53200"); }
    bool read_only_transaction() const { return is("25006"); }
    /// Serialization failure or deadlock: the same work may succeed when repeated.
    bool transaction_rollback() const { return in_class("40"); }
};

/// A value in a row that is not what was asked for: null, or of another shape. Nothing of the server's has failed: the transaction may
/// go on.
struct UnexpectedValue : Error {
    using Error::Error;
};

} // namespace kafka::pg
