// See idle_groups.h.
#include "idle_groups.h"

#include "broker_process.h"
#include "group_requests.h"
#include "many_requests.h"
#include "raw_producer.h"
#include "statistics.h"
#include "topic.h"

#include <thread>

namespace bench {
namespace {

void make_groups(const std::string& bootstrap, const std::vector<std::string>& groups,
                 const std::string& topic) {
    constexpr size_t to_be_awaited = 200; // of so many, each of Kafka's coordinators gets one
    await_coordinators(bootstrap, std::span(groups).first(std::min(groups.size(), to_be_awaited)));
    ask_many(
        bootstrap, groups.size(),
        [&](size_t i) { return encode(commit_request(groups[i], topic, 0, int64_t(i))); },
        [](size_t, View response) { check_committed(response); });
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
