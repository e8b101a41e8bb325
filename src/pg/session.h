// How a worker's own session is set up, so that nobody's ALTER DATABASE, ROLE or SYSTEM can change what the
// broker does. Main thread only; std types only.
#pragma once

namespace kafka::pg {

/// Pins every setting that could change the meaning of the workers' statements or make them wait:
/// search_path, time-outs, isolation. Once, after connecting. Throws Error.
void pin_session();

/// True if CREATE EXTENSION pg_kafka has been committed in this database (or done by the open transaction).
/// Begins a transaction of its own unless one is open. Throws Error.
bool extension_exists();

/// Whether text in this database is UTF-8, or nobody checks what it is. Once connected.
bool database_is_utf8();

} // namespace kafka::pg
