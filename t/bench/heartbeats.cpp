// See heartbeats.h.
#include "heartbeats.h"

#include "broker_process.h"
#include "classic_groups.h"
#include "statistics.h"
#include "topic.h"

#include <thread>

namespace bench {

std::optional<double> cpu_of_heartbeats(const std::string& bootstrap, int members, double interval,
                                        double duration) {
    constexpr int members_of_group = 50;
    const Topic topic(bootstrap, members_of_group);
    ClassicGroups groups(bootstrap, topic.name(), members_of_group, members / members_of_group,
                         members_of_group);
    for (size_t i = 0; i < groups.size(); i++) groups.send_heartbeat(i);

    const CpuOfBroker cpu(bootstrap);
    auto due = Clock::now();
    const auto end = due + seconds(duration);
    const auto step = seconds(interval / double(groups.size()));
    for (size_t i = 0; due < end; i = (i + 1) % groups.size(), due += step) {
        std::this_thread::sleep_until(due);
        groups.receive_heartbeat(i); // of one interval ago
        groups.send_heartbeat(i);
    }
    const auto percent = cpu.percent_of_a_core();
    for (size_t i = 0; i < groups.size(); i++) groups.receive_heartbeat(i);
    return percent;
}

} // namespace bench
