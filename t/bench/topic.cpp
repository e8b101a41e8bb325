// See topic.h.
#include "topic.h"

#include "requests.h"

#include <chrono>
#include <cstdio>
#include <thread>
#include <unistd.h>

namespace bench {
namespace {

wire::list_offsets::Request ends_of(const std::string& name, int partitions) {
    wire::list_offsets::Request request;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    for (int i = 0; i < partitions; i++) {
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = i;
        partition.timestamp = -1; // the end
    }
    return request;
}

/// Whether all partitions answer for themselves: Kafka's metadata name a leader before it knows that it is.
bool ready(Connection& connection, const std::string& name, int partitions) {
    for (const auto& answered : ask(connection, ends_of(name, partitions)).topics)
        for (const auto& partition : answered.partitions)
            if (partition.error_code != wire::ErrorCode::none) return false;
    return true;
}

} // namespace

std::string new_name() {
    static int made = 0;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return "bench-" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count()) + "-" +
           std::to_string(getpid()) + "-" + std::to_string(made++);
}

Topic::Topic(const std::string& bootstrap, int partitions, const TopicConfigs& configs)
    : bootstrap_(bootstrap), name_(new_name()) {
    Connection connection(bootstrap_);
    wire::create_topics::Request request;
    auto& topic = request.topics.emplace_back();
    topic.name = name_;
    topic.num_partitions = partitions;
    topic.replication_factor = 1;
    for (const auto& [name, value] : configs) topic.configs.push_back({name, value});
    for (const auto& result : ask(connection, request).topics) check(result.error_code, "create topic");
    for (int tries = 0; !ready(connection, name_, partitions); tries++) {
        if (tries == 1000) throw std::runtime_error("the new topic gets no leader");
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

int64_t Topic::end() const {
    Connection connection(bootstrap_);
    const auto answer = ask(connection, ends_of(name_, 1));
    const auto& partition = answer.topics.at(0).partitions.at(0);
    check(partition.error_code, "list offsets");
    return partition.offset;
}

Topic::~Topic() {
    try {
        Connection connection(bootstrap_);
        wire::delete_topics::Request request;
        request.topic_names.push_back(name_);
        request.timeout_ms = 60000;
        for (const auto& result : ask(connection, request).responses)
            check(result.error_code, "delete topic");
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench: topic %s stays: %s\n", name_.c_str(), e.what());
    }
}

} // namespace bench
