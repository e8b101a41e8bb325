// DescribeLogDirs: the data directory, which holds the whole log, and the bytes of each partition's batches.
//
// The sizes are in memory: of closed segments the catalog of segments tells them, of the open one its last rows do. What indexes,
// row headers and dead segments take on disk is not part of them. What is asked for and does not exist is left out.
#include "api/handlers.h"
#include "pg/process.h"

#include <filesystem>
#include <set>

namespace kafka::api {
namespace {

using namespace wire::describe_log_dirs;
using wire::ErrorCode;

int64_t size_of(const log::Topic& topic, const log::Partition& partition) {
    int64_t bytes = partition.bytes;
    for (const log::Segment& segment : topic.segments)
        if (size_t(partition.index) < segment.partition_bytes.size())
            bytes += segment.partition_bytes[size_t(partition.index)];
    return bytes;
}

PartitionInDir described(const log::Topic& topic, const log::Partition& partition) {
    return {partition.index, size_of(topic, partition), 0, false};
}

std::vector<log::Topic*> topics_of(const Broker& broker, const Request& request) {
    std::vector<log::Topic*> topics;
    if (!request.topics)
        for (const auto& [name, topic] : broker.catalog.topics()) topics.push_back(topic.get());
    else
        for (const DescribableLogDirTopic& asked : *request.topics)
            if (log::Topic* topic = broker.catalog.find(asked.topic)) topics.push_back(topic);
    return topics;
}

std::vector<TopicInDir> all(const std::vector<log::Topic*>& topics) {
    std::vector<TopicInDir> described_topics;
    for (const log::Topic* topic : topics) {
        TopicInDir& in_dir = described_topics.emplace_back(TopicInDir{topic->name, {}});
        for (const log::Partition& p : topic->partitions) in_dir.partitions.push_back(described(*topic, p));
    }
    return described_topics;
}

std::vector<TopicInDir> asked_for(const Broker& broker, const std::vector<DescribableLogDirTopic>& topics) {
    std::vector<TopicInDir> described_topics;
    std::set<std::pair<std::string_view, int32_t>> seen; // a few bytes must not ask for many
    for (const DescribableLogDirTopic& asked : topics) {
        const log::Topic* topic = broker.catalog.find(asked.topic);
        if (!topic) continue;
        TopicInDir in_dir{asked.topic, {}};
        for (const int32_t index : asked.partitions)
            if (const log::Partition* p = topic->partition(index);
                p && seen.insert({asked.topic, index}).second)
                in_dir.partitions.push_back(described(*topic, *p));
        if (!in_dir.partitions.empty()) described_topics.push_back(std::move(in_dir));
    }
    return described_topics;
}

void tell_of_volume(Result& result) {
    std::error_code error;
    const std::filesystem::space_info space = std::filesystem::space(result.log_dir, error);
    if (error) return; // not told
    result.total_bytes = int64_t(space.capacity);
    result.usable_bytes = int64_t(space.available);
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    const std::vector<log::Topic*> topics = topics_of(broker, request);
    if (!broker.open(topics)) return broker.postpone(std::move(call));
    Response response;
    Result& result = response.results.emplace_back();
    result.log_dir = pg::data_directory();
    result.topics = request.topics ? asked_for(broker, *request.topics) : all(topics);
    if (call.version() >= 4) tell_of_volume(result);
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request&, int16_t version, ErrorCode error) {
    Response response;
    response.error_code = error;
    if (version < 3)
        response.results.emplace_back().error_code = error; // where alone there is a place for it
    return response;
}

} // namespace kafka::api
