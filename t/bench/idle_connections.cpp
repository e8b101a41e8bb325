// See idle_connections.h.
#include "idle_connections.h"

#include "broker_process.h"
#include "requests.h"
#include "statistics.h"

#include <memory>
#include <thread>

namespace bench {

IdleCost cost_of_idle_connections(const std::string& bootstrap, int count, double duration) {
    allow_many_connections();
    const auto memory_before = memory_of_broker(bootstrap);
    std::vector<std::unique_ptr<Connection>> connections;
    for (int i = 0; i < count; i++) {
        connections.push_back(std::make_unique<Connection>(bootstrap));
        ask(*connections.back(), wire::list_offsets::Request{});
    }
    const CpuOfBroker cpu(bootstrap);
    std::this_thread::sleep_for(seconds(duration));
    return {difference(memory_of_broker(bootstrap), memory_before), cpu.percent_of_a_core()};
}

} // namespace bench
