// DescribeQuorum: the one broker is the whole quorum, its leader and its only voter (KIP-595).
//
// Where Kafka keeps the cluster's metadata in a log of its own, here they are in tables: that log has no records, so it ends
// where it begins.
//
// v1 times of the leader are now (KIP-836); v2 the broker's address (KIP-853). It has no id of a directory, like voters in
// Kafka that were not given one.
#include "api/handlers.h"

namespace kafka::api {
namespace {

using namespace wire::describe_quorum;
using wire::ErrorCode;

constexpr const char* metadata_topic = "__cluster_metadata";

/// Nothing else can be asked for in a request, and that but once.
bool asks_for_metadata(const Request& request) {
    if (request.topics.size() != 1 || request.topics[0].topic_name != metadata_topic) return false;
    const std::vector<PartitionAsked>& partitions = request.topics[0].partitions;
    return partitions.size() == 1 && partitions[0].partition_index == 0;
}

/// Each partition that is asked for, with this error.
Response each_with(const Request& request, ErrorCode error, const char* message) {
    Response response;
    for (const TopicAsked& asked : request.topics) {
        TopicData& topic = response.topics.emplace_back();
        topic.topic_name = asked.topic_name;
        for (const PartitionAsked& partition : asked.partitions) {
            PartitionData& data = topic.partitions.emplace_back();
            data.partition_index = partition.partition_index;
            data.error_code = error;
            data.error_message = message;
        }
    }
    return response;
}

PartitionData metadata(const Broker& broker) {
    PartitionData data;
    data.leader_id = broker.settings.node_id;
    data.leader_epoch = broker.leader_epoch;
    ReplicaState& voter = data.current_voters.emplace_back();
    voter.replica_id = broker.settings.node_id;
    voter.last_fetch_timestamp = voter.last_caught_up_timestamp = broker.now_ms();
    return data;
}

Node node(const Broker& broker, const Call& call) {
    const net::Address address = broker.advertised_address(call);
    return {broker.settings.node_id, {{"PLAINTEXT", address.host, uint16_t(address.port)}}};
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    if (!asks_for_metadata(request))
        return broker.answer(std::move(call),
                             each_with(request, ErrorCode::unknown_topic_or_partition,
                                       "The only partition with a quorum is __cluster_metadata-0"));
    Response response;
    response.topics.push_back({metadata_topic, {metadata(broker)}});
    response.nodes.push_back(node(broker, call));
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request&, int16_t, ErrorCode error) {
    Response response;
    response.error_code = error;
    response.error_message = "The quorum could not be described";
    return response;
}

} // namespace kafka::api
