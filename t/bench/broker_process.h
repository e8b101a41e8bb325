// What the process of a broker takes that runs on this machine.
#pragma once
#include <optional>
#include <string>

namespace bench {

/// MiB that the process which listens on this address has for itself: without memory that it shares with
/// other processes, such as PostgreSQL's shared buffers. Nothing if the address is elsewhere, or the process
/// is not ours to look at.
std::optional<double> memory_of_broker(const std::string& bootstrap);

/// Seconds of a core that it has used since it began; nothing likewise.
std::optional<double> cpu_seconds_of_broker(const std::string& bootstrap);

} // namespace bench
