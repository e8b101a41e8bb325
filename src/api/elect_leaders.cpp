// ElectLeaders: the one broker there is leads every partition, so no election is ever needed.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {
namespace {

using namespace wire::elect_leaders;
using wire::ErrorCode;

constexpr int8_t preferred = 0, unclean = 1;

PartitionResult elect(const log::Topic* topic, int32_t index) {
    if (!topic) return {index, ErrorCode::unknown_topic_or_partition, "There is no such topic"};
    if (!topic->partition(index))
        return {index, ErrorCode::unknown_topic_or_partition, "There is no such partition"};
    return {index, ErrorCode::election_not_needed, "The partition has its leader"};
}

/// Of all partitions those would be told of that have got another leader: none.
Response elect_all(const Broker& broker, const Request& request) {
    Response response;
    if (!request.topic_partitions) return response;
    for (const TopicPartitions& asked : *request.topic_partitions) {
        const log::Topic* topic = broker.catalog.find(asked.topic);
        ReplicaElectionResult& result = response.replica_election_results.emplace_back();
        result.topic = asked.topic;
        for (const int32_t index : asked.partitions) result.partition_result.push_back(elect(topic, index));
    }
    return response;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    const bool known = request.election_type == preferred || request.election_type == unclean;
    Response response =
        known ? elect_all(broker, request) : refuse(request, call.version(), ErrorCode::invalid_request);
    broker.answer(std::move(call), std::move(response));
}

/// Version 0 has no error but those of partitions.
Response refuse(const Request& request, int16_t, ErrorCode error) {
    Response response;
    response.error_code = error;
    if (!request.topic_partitions) return response;
    for (const TopicPartitions& asked : *request.topic_partitions) {
        ReplicaElectionResult& result = response.replica_election_results.emplace_back();
        result.topic = asked.topic;
        for (const int32_t index : asked.partitions)
            result.partition_result.push_back({index, error, "The leader could not be elected"});
    }
    return response;
}

} // namespace kafka::api
