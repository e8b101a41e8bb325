// See many_topics.h.
#include "many_topics.h"

#include "batches.h"
#include "requests.h"
#include "topic.h"

#include <cstdio>
#include <thread>

namespace bench {
namespace {

constexpr size_t topics_at_once = 100;

void create(Connection& connection, const std::vector<std::string>& names, int partitions) {
    wire::create_topics::Request request;
    request.timeout_ms = 60000;
    for (const std::string& name : names) {
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = partitions;
        topic.replication_factor = 1;
    }
    for (const auto& result : ask(connection, request).topics) check(result.error_code, "create topics");
}

/// A record in each partition; false while some have no leader that knows of it.
bool fill(Connection& connection, const std::string& name, int partitions, const std::string& batch) {
    wire::produce::Request request;
    request.acks = -1;
    request.timeout_ms = 30000;
    auto& topic = request.topic_data.emplace_back();
    topic.name = name;
    for (int i = 0; i < partitions; i++) topic.partition_data.push_back({i, {batch, false}});
    for (const auto& answered : ask(connection, request).responses)
        for (const auto& partition : answered.partition_responses)
            if (partition.error_code != wire::ErrorCode::none) return false;
    return true;
}

void fill_at_last(Connection& connection, const std::string& name, int partitions, const std::string& batch) {
    for (int tries = 0; !fill(connection, name, partitions, batch); tries++) {
        if (tries == 1000) throw std::runtime_error("a new topic cannot be written to");
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

void remove(Connection& connection, const std::vector<std::string>& names) {
    wire::delete_topics::Request request;
    request.topic_names.assign(names.begin(), names.end());
    request.timeout_ms = 60000;
    for (const auto& result : ask(connection, request).responses) check(result.error_code, "delete topics");
}

/// Of so many names at a time.
template <class Body> void in_parts(const std::vector<std::string>& names, Body&& body) {
    for (size_t at = 0; at < names.size(); at += topics_at_once) {
        const size_t end = std::min(names.size(), at + topics_at_once);
        body({names.begin() + ptrdiff_t(at), names.begin() + ptrdiff_t(end)});
    }
}

} // namespace

ManyTopics::ManyTopics(const std::string& bootstrap, int topics, int partitions) : bootstrap_(bootstrap) {
    const std::string batch = make_batch({.records = 1, .record_bytes = 100}, 0);
    for (int i = 0; i < topics; i++) names_.push_back(new_name());
    Connection connection(bootstrap_);
    in_parts(names_, [&](const std::vector<std::string>& names) { create(connection, names, partitions); });
    for (const std::string& name : names_) fill_at_last(connection, name, partitions, batch);
}

ManyTopics::~ManyTopics() {
    try {
        Connection connection(bootstrap_);
        in_parts(names_, [&](const std::vector<std::string>& names) { remove(connection, names); });
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench: topics stay: %s\n", e.what());
    }
}

size_t topics_of(const std::string& bootstrap) {
    Connection connection(bootstrap);
    wire::metadata::Request request;
    request.topics = std::nullopt;
    const auto answer = ask(connection, request);
    for (const auto& topic : answer.topics)
        for (const auto& partition : topic.partitions) check(partition.error_code, "metadata");
    return answer.topics.size();
}

} // namespace bench
