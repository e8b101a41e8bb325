// AlterPartitionReassignments: partitions can be assigned to the one broker that has them, at once, and nowhere else.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {
namespace {

using namespace wire::alter_partition_reassignments;
using wire::ErrorCode;

ReassignablePartitionResponse reassign(const Broker& broker, const log::Topic* topic,
                                       const ReassignablePartition& asked) {
    const auto failed = [&](ErrorCode error, std::string message) {
        return ReassignablePartitionResponse{asked.partition_index, error, std::move(message)};
    };
    const int32_t node = broker.settings.node_id;
    if (!topic) return failed(ErrorCode::unknown_topic_or_partition, "There is no such topic");
    if (!topic->partition(asked.partition_index))
        return failed(ErrorCode::unknown_topic_or_partition, "There is no such partition");
    if (!asked.replicas)
        return failed(ErrorCode::no_reassignment_in_progress, "No reassignment of the partition is going on");
    if (*asked.replicas != std::vector<int32_t>{node})
        return failed(ErrorCode::invalid_replica_assignment,
                      "The only broker there is to assign to is " + std::to_string(node));
    return {asked.partition_index, ErrorCode::none, std::nullopt};
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    Response response = refuse(request, call.version(), ErrorCode::none);
    for (const ReassignableTopic& asked : request.topics) {
        ReassignableTopicResponse& topic = response.responses.emplace_back();
        topic.name = asked.name;
        for (const ReassignablePartition& p : asked.partitions)
            topic.partitions.push_back(reassign(broker, broker.catalog.find(asked.name), p));
    }
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, ErrorCode error) {
    Response response;
    response.allow_replication_factor_change = request.allow_replication_factor_change;
    response.error_code = error;
    response.error_message = std::nullopt;
    return response;
}

} // namespace kafka::api
