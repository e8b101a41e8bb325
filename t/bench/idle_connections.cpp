// See idle_connections.h.
#include "idle_connections.h"

#include "broker_process.h"
#include "requests.h"
#include "statistics.h"

#include <memory>
#include <sys/resource.h>
#include <thread>

namespace bench {
namespace {

/// As many files as this process may have open.
void raise_file_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

std::optional<double> difference(std::optional<double> after, std::optional<double> before) {
    if (!after || !before) return std::nullopt;
    return *after - *before;
}

} // namespace

IdleCost cost_of_idle_connections(const std::string& bootstrap, int count, double duration) {
    raise_file_limit();
    const auto memory_before = memory_of_broker(bootstrap);
    std::vector<std::unique_ptr<Connection>> connections;
    for (int i = 0; i < count; i++) {
        connections.push_back(std::make_unique<Connection>(bootstrap));
        ask(*connections.back(), wire::list_offsets::Request{});
    }
    const auto cpu_before = cpu_seconds_of_broker(bootstrap);
    const auto begun = Clock::now();
    std::this_thread::sleep_for(seconds(duration));
    const auto cpu = difference(cpu_seconds_of_broker(bootstrap), cpu_before);
    const double taken = seconds_since(begun);
    return {difference(memory_of_broker(bootstrap), memory_before),
            cpu ? std::optional(100 * *cpu / taken) : std::nullopt};
}

} // namespace bench
