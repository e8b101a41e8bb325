// The lock of whoever drops a table or puts another in its place. Main thread only, inside a pg::Transaction.
#pragma once
#include <string>

namespace kafka::pg {

/// Takes the lock, until the end of the transaction, if it is to be had at once: who waits for it blocks everybody who comes after him.
/// Throws Error; lock_not_available() if somebody uses the table. A table that does not exist is nobody's.
void lock_at_once(const std::string& schema, const std::string& table);

/// The same, trying for a while without getting into anybody's way.
void lock_soon(const std::string& schema, const std::string& table);

} // namespace kafka::pg
