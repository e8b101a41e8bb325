// DescribeTopicPartitions: topics sorted by name, with so many partitions in all as the client, or the broker, allows; a cursor says
// where the next page begins. Topics that are not there are told of if they were asked for.
#include "api/cluster.h"
#include "api/handlers.h"
#include "api/refuse.h"

#include <algorithm>
#include <set>

namespace kafka::api {
namespace {

using namespace wire::describe_topic_partitions;
using wire::ErrorCode;

/// Kafka's max.request.partition.size.limit.
constexpr int32_t most_partitions = 2000;

/// In order, from where the page begins.
std::set<std::string> names_from(const Broker& broker, const Request& request) {
    std::set<std::string> names;
    for (const TopicRequest& asked : request.topics) names.insert(asked.name);
    if (request.topics.empty())
        for (const auto& [name, topic] : broker.catalog.topics()) names.insert(name);
    if (request.cursor) names.erase(names.begin(), names.lower_bound(request.cursor->topic_name));
    return names;
}

bool is_valid(const Request& request) {
    if (!request.cursor) return true;
    const bool asked = std::any_of(request.topics.begin(), request.topics.end(), [&](const TopicRequest& t) {
        return t.name == request.cursor->topic_name;
    });
    return request.cursor->partition_index >= 0 && (request.topics.empty() || asked);
}

DescribeTopicPartitionsResponseTopic describe(const std::string& name, const log::Topic* topic) {
    DescribeTopicPartitionsResponseTopic described;
    described.name = name;
    described.is_internal = log::is_internal_topic(name);
    described.topic_authorized_operations = operations::on_topic;
    if (topic)
        described.topic_id = topic->id;
    else
        described.error_code = log::topic_name_problem(name) ? ErrorCode::invalid_topic_exception
                                                             : ErrorCode::unknown_topic_or_partition;
    return described;
}

DescribeTopicPartitionsResponsePartition describe(const Broker& broker, int32_t index) {
    const int32_t node = broker.settings.node_id;
    DescribeTopicPartitionsResponsePartition described;
    described.partition_index = index;
    described.leader_id = node;
    described.leader_epoch = broker.leader_epoch;
    described.replica_nodes = described.isr_nodes = {node};
    described.eligible_leader_replicas = described.last_known_elr = std::vector<int32_t>();
    return described;
}

Response describe_page(const Broker& broker, const Request& request) {
    Response response;
    int32_t room = std::clamp(request.response_partition_limit, 1, most_partitions);
    for (const std::string& name : names_from(broker, request)) {
        const bool begun = request.cursor && request.cursor->topic_name == name;
        const int32_t first = begun ? request.cursor->partition_index : 0;
        if (room == 0) {
            response.next_cursor = Cursor{name, first};
            break;
        }
        const log::Topic* topic = broker.catalog.find(name);
        auto& described = response.topics.emplace_back(describe(name, topic));
        const int32_t count = topic ? int32_t(topic->partitions.size()) : 0;
        const int32_t end = first + std::min(room, std::max(count - first, 0));
        for (int32_t index = first; index < end; index++)
            described.partitions.push_back(describe(broker, index));
        room -= end - first;
        if (end < count) {
            response.next_cursor = Cursor{name, end};
            break;
        }
    }
    return response;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    Response response = is_valid(request) ? describe_page(broker, request)
                                          : refuse(request, call.version(), ErrorCode::invalid_request);
    broker.answer_when_stored(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, ErrorCode error) {
    Response response;
    for (const TopicRequest& asked : request.topics) {
        auto& refused = response.topics.emplace_back();
        refused.name = asked.name;
        refused.error_code = error;
    }
    return response;
}

} // namespace kafka::api
