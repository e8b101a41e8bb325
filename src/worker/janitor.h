// The janitor: a worker of its own for what takes locks or time, so that the broker never waits. It
// drops the tables of dead segments and compacts topics. Its own process, main thread.
#pragma once

namespace kafka::worker {

/// The body of the "pg_kafka janitor" worker; returns when a shutdown is requested.
void run_janitor();

} // namespace kafka::worker
