// DescribeProducers: the producers that partitions know, for kafka-transactions (KIP-664).
#include "api/handlers.h"

#include <set>

namespace kafka::api {

using namespace wire::describe_producers;
using wire::ErrorCode;

namespace {

ProducerState described(int64_t producer_id, const log::Producer& producer, int64_t open_since) {
    ProducerState state;
    state.producer_id = producer_id;
    state.producer_epoch = producer.epoch;
    state.last_sequence = producer.batches().empty() ? -1 : producer.batches().back().last_sequence;
    state.last_timestamp = producer.timestamp;
    state.coordinator_epoch = producer.coordinator_epoch;
    state.current_txn_start_offset = open_since;
    return state;
}

PartitionResponse describe(const Broker& broker, const log::Topic* topic, int32_t index) {
    PartitionResponse response;
    response.partition_index = index;
    const log::Partition* partition = topic ? topic->partition(index) : nullptr;
    if (!partition) {
        response.error_code = ErrorCode::unknown_topic_or_partition;
        return response;
    }
    partition->producers.each([&](int64_t id, const log::Producer& producer) {
        const int64_t since = broker.transactions.open_since(id, {topic->id, index});
        response.active_producers.push_back(described(id, producer, since));
    });
    return response;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    std::vector<log::Topic*> topics;
    for (const TopicRequest& asked : request.topics)
        if (log::Topic* topic = broker.catalog.find(asked.name)) topics.push_back(topic);
    if (!broker.open(topics)) return broker.postpone(std::move(call));
    if (!broker.transactions.look(call)) return;
    Response response;
    std::set<std::pair<std::string_view, int32_t>> seen; // a few bytes must not ask for many
    for (const TopicRequest& asked : request.topics) {
        TopicResponse& answered = response.topics.emplace_back();
        answered.name = asked.name;
        const log::Topic* topic = broker.catalog.find(asked.name);
        for (const int32_t index : asked.partition_indexes)
            if (seen.insert({asked.name, index}).second)
                answered.partitions.push_back(describe(broker, topic, index));
    }
    broker.transactions.answer(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, ErrorCode error) {
    Response response;
    for (const TopicRequest& asked : request.topics) {
        TopicResponse& refused = response.topics.emplace_back();
        refused.name = asked.name;
        for (const int32_t index : asked.partition_indexes) {
            PartitionResponse& partition = refused.partitions.emplace_back();
            partition.partition_index = index;
            partition.error_code = error;
        }
    }
    return response;
}

} // namespace kafka::api
