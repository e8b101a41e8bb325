// A transaction of a background worker, and the SPI connection inside somebody else's. Main thread only; std
// types only.
#pragma once
#include <cstdint>
#include <string_view>

namespace kafka::pg {

/// What a commit waits for before it returns.
enum class Durability {
    none_written, ///< nothing was written, so there is nothing to wait for
    later,        ///< nothing: a commit that follows makes this one durable as well
    local,        ///< flushed to this server's WAL
    server, ///< as the server's synchronous_commit says (synchronous standbys), but never less than local
};

/// Whether statements wait for what somebody else has locked, for a second at most, or fail.
enum class Locks { waited_for, taken_at_once };

/// Begins in its constructor, with an SPI connection and a snapshot; rolls back in its destructor unless
/// committed. One at a time in a process. All of its memory, and every Result and Cursor made in it, ends
/// with it.
class Transaction {
public:
    /// `activity` is what pg_stat_activity.query shows meanwhile; it must be a literal. Throws Error.
    explicit Transaction(const char* activity = "pg_kafka");
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    /// Rolls back if not committed. A rollback that fails ends the process (the postmaster restarts it).
    ~Transaction();

    /// Throws Error if the commit failed: then the destructor rolls back.
    void commit(Durability durability);

private:
    bool open_ = true;
};

/// An SPI connection in the transaction of the calling session, for functions that SQL calls.
class Connection {
public:
    Connection(); ///< Throws Error.
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    /// When an exception is on its way nothing is done: the server cleans up as it aborts the transaction.
    ~Connection() noexcept(false);

private:
    int exceptions_; ///< in flight when this was made
};

/// True while a transaction is open, whoever began it.
bool in_transaction();

/// How many transaction ids the Transactions of this process have taken.
uint64_t transaction_ids_used() noexcept;

} // namespace kafka::pg
