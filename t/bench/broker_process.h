// What the process of a broker takes that runs on this machine.
#pragma once
#include "statistics.h"

#include <optional>
#include <string>

namespace bench {

/// MiB that the process which listens on this address has for itself: without memory that it shares with
/// other processes, such as PostgreSQL's shared buffers. Nothing if the address is elsewhere, or the process
/// is not ours to look at.
std::optional<double> memory_of_broker(const std::string& bootstrap);

/// The time of a core that it uses from here on.
class CpuOfBroker {
public:
    explicit CpuOfBroker(const std::string& bootstrap);
    /// Nothing likewise.
    std::optional<double> percent_of_a_core() const;

private:
    std::string bootstrap_;
    Clock::time_point begun_;
    std::optional<double> seconds_before_;
};

/// Nothing if one of them is.
std::optional<double> difference(std::optional<double> after, std::optional<double> before);

} // namespace bench
