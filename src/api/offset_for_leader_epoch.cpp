// OffsetForLeaderEpoch: where an epoch ended, so that a client can tell whether the log was cut after a
// fail-over (KIP-101, KIP-320). A request that would look into many tables goes on in later turns.
//
// v2 throttle time and current leader epoch; v3 replica id, ignored; v4 flexible. librdkafka uses v2 only.
#include "api/epochs.h"
#include "api/handlers.h"

namespace kafka::api {
namespace {

using namespace wire::offset_for_leader_epoch;
using wire::ErrorCode;

EpochEndOffset failed(int32_t partition, ErrorCode error) {
    EpochEndOffset result;
    result.partition = partition;
    result.error_code = error;
    return result;
}

EpochEndOffset look_up(Broker& broker, const log::Topic* topic, const OffsetForLeaderPartition& asked) {
    if (!topic || !topic->partition(asked.partition))
        return failed(asked.partition, ErrorCode::unknown_topic_or_partition);
    if (const ErrorCode error = check_leader_epoch(broker, asked.current_leader_epoch);
        error != ErrorCode::none)
        return failed(asked.partition, error);
    const EpochEnd end =
        epoch_end(broker, *topic, asked.partition, asked.leader_epoch, broker.searched_bytes);
    EpochEndOffset result;
    result.partition = asked.partition;
    result.leader_epoch = end.leader_epoch;
    result.end_offset = end.end_offset;
    return result;
}

/// How far a request has come that takes several turns.
struct Progress {
    Response response;     ///< its last topic is being worked on
    size_t partitions = 0; ///< of that topic that are done
};

/// Goes through the request from where it was left. False if this turn has done enough before the end.
bool look_up(Broker& broker, const Request& request, Progress& done) {
    auto& results = done.response.topics;
    for (size_t t = results.empty() ? 0 : results.size() - 1; t < request.topics.size(); t++) {
        const OffsetForLeaderTopic& topic = request.topics[t];
        if (t == results.size()) {
            results.emplace_back().topic = topic.topic;
            done.partitions = 0;
        }
        const log::Topic* known = broker.catalog.find(topic.topic);
        for (; done.partitions < topic.partitions.size(); done.partitions++) {
            const OffsetForLeaderPartition& asked = topic.partitions[done.partitions];
            if (is_older_epoch(broker, asked.leader_epoch) &&
                broker.searched_bytes >= max_searched_bytes_per_turn)
                return false;
            results.back().partitions.push_back(look_up(broker, known, asked));
        }
    }
    return true;
}

/// The end of the current epoch is in memory; that of an older one has to be searched for.
bool needs_tables(const Broker& broker, const Request& request) {
    for (const OffsetForLeaderTopic& topic : request.topics)
        for (const OffsetForLeaderPartition& asked : topic.partitions)
            if (is_older_epoch(broker, asked.leader_epoch)) return true;
    return false;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    std::vector<log::Topic*> topics;
    for (const OffsetForLeaderTopic& asked : request.topics)
        if (log::Topic* topic = broker.catalog.find(asked.topic)) topics.push_back(topic);
    if (!broker.open(topics)) return broker.postpone(std::move(call));

    std::optional<pg::Transaction> transaction;
    if (needs_tables(broker, request)) transaction.emplace("looking for the end of a leader epoch");
    Progress& done = call.progress<Progress>();
    const bool finished = look_up(broker, request, done);
    if (transaction) transaction->commit(pg::Durability::none_written);
    if (!finished) return broker.postpone(std::move(call));
    Response response = std::move(done.response);
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, ErrorCode error) {
    Response response;
    for (const OffsetForLeaderTopic& asked : request.topics) {
        OffsetForLeaderTopicResult& result = response.topics.emplace_back();
        result.topic = asked.topic;
        for (const OffsetForLeaderPartition& partition : asked.partitions)
            result.partitions.push_back(failed(partition.partition, error));
    }
    return response;
}

} // namespace kafka::api
