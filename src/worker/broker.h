// The body of the process "pg_kafka broker".
#pragma once

namespace kafka::worker {

/// Serves clients whenever the extension exists in the database; returns when the process is to end.
void run_broker();

} // namespace kafka::worker
