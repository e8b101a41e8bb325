// See idle_groups.h.
#include "idle_groups.h"

#include "broker_process.h"
#include "group_requests.h"
#include "raw_producer.h"
#include "statistics.h"
#include "topic.h"

#include <deque>
#include <thread>

namespace bench {
namespace {

/// Each connection commits for one group at a time, so that they share a flush.
void make_groups(const std::string& bootstrap, const std::vector<std::string>& groups,
                 const std::string& topic) {
    constexpr size_t at_once = 200;
    await_coordinators(bootstrap, std::span(groups).first(std::min(groups.size(), at_once)));
    std::deque<Connection> connections;
    for (size_t i = 0; i < at_once; i++) connections.emplace_back(bootstrap);
    for (size_t first = 0; first < groups.size(); first += at_once) {
        const size_t count = std::min(at_once, groups.size() - first);
        for (size_t i = 0; i < count; i++)
            connections[i].send(encode(commit_request(groups[first + i], topic, 0, int64_t(first + i))));
        for (size_t i = 0; i < count; i++) check_committed(connections[i].receive());
    }
}

double produces(const std::string& bootstrap, double duration) {
    const Topic topic(bootstrap, 1);
    const Load load{.batch{.records = 1, .record_bytes = 100}, .connections = 8, .in_flight = 1};
    return produce_for(bootstrap, topic.name(), load, duration).requests_per_second();
}

} // namespace

IdleGroups cost_of_idle_groups(const std::string& bootstrap, const Commands& commands, int count,
                               double duration) {
    const Topic topic(bootstrap, 1);
    const GroupNames groups(bootstrap, count);
    IdleGroups cost{};
    cost.produces_before = produces(bootstrap, duration);
    const auto memory_before = memory_of_broker(bootstrap);
    make_groups(bootstrap, groups.all(), topic.name());
    cost.mebibytes = difference(memory_of_broker(bootstrap), memory_before);
    cost.produces = produces(bootstrap, duration);
    const CpuOfBroker cpu(bootstrap);
    std::this_thread::sleep_for(seconds(duration));
    cost.cpu_percent = cpu.percent_of_a_core();
    cost.start = time_of_start(commands, [&] {
        Connection connection(bootstrap);
        return committed_offset(connection, groups.all().back(), topic.name(), 0) == count - 1;
    });
    if (cost.start) cost.mebibytes_after_start = memory_of_broker(bootstrap);
    return cost;
}

} // namespace bench
