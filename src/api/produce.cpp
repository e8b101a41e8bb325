// Produce: appends one batch to each partition of the request and answers when they are durable.
//
// The batches arrive checked (api/receive.cpp); here each is held against its topic's limits, gets its
// offsets, and is staged for the commit of the turn. A bad partition gets its error, the others proceed.
// acks: -1 waits as the server's synchronous_commit says, 1 for the local flush; 0 gets no response, and a
// failure closes the connection so that the client notices. Any other value is refused. A request that is too
// large for one transaction is stored in several, others being served between them, and answered after the last.
//
// v5 log_start_offset; v7 zstd; v8 record_errors (KIP-467); v9 flexible; v10 current_leader, which a single
// broker never needs; v12 implicit transaction partitions (KIP-890); v13 topic ids (KIP-516). Versions 0-2
// are advertised, because librdkafka before 2.11.1 compresses only then, and refused like any unsupported
// version.
//
// A batch of an idempotent producer that is there already is answered as when it was appended, and not appended again; one that does
// not go on where the producer's last one ended is refused (log/producers.h). Between the two, its transaction is looked at
// (txn/transactions_partitions.cpp).
#include "api/handlers.h"
#include "pg/process.h"

#include <set>

namespace kafka::api {
namespace {

using namespace wire::produce;
using wire::ErrorCode;

constexpr int16_t first_version_that_adds_partitions = 12, first_version_with_topic_ids = 13;

PartitionProduceResponse failed(int32_t index, ErrorCode error, std::string message = {}) {
    PartitionProduceResponse response;
    response.index = index;
    response.error_code = error;
    response.base_offset = -1;
    if (!message.empty()) response.error_message = std::move(message);
    return response;
}

/// The error that holds for every partition of the request, if there is one.
ErrorCode request_error(const Request& request, const PreparedBatches& batches) {
    if (request.acks < -1 || request.acks > 1) return ErrorCode::invalid_required_acks;
    std::set<int64_t> transactional_producers;
    for (const PreparedBatch& batch : batches) {
        const auto header = record::read_header(batch.data.data); // also of a batch that has been found bad
        if (header && header->is_transactional()) transactional_producers.insert(header->producer_id);
    }
    if (transactional_producers.empty()) return ErrorCode::none;
    if (!request.transactional_id) return ErrorCode::transactional_id_authorization_failed;
    return transactional_producers.size() > 1 ? ErrorCode::invalid_producer_id_mapping : ErrorCode::none;
}

log::Topic* find_topic(const Broker& broker, const TopicProduceData& topic, int16_t version) {
    return version >= first_version_with_topic_ids ? broker.catalog.find(topic.topic_id)
                                                   : broker.catalog.find(topic.name);
}

std::vector<log::Topic*> topics_of(const Broker& broker, const Request& request, int16_t version) {
    std::vector<log::Topic*> found;
    for (const auto& topic : request.topic_data)
        if (log::Topic* t = find_topic(broker, topic, version)) found.push_back(t);
    return found;
}

record::Limits limits_of(const log::Topic& topic, int64_t now_ms) {
    record::Limits limits;
    limits.max_message_bytes = topic.config.max_message_bytes;
    limits.segment_bytes = topic.config.segment_bytes;
    limits.timestamp_before_max_ms = topic.config.timestamp_before_max_ms;
    limits.timestamp_after_max_ms = topic.config.timestamp_after_max_ms;
    limits.now_ms = now_ms;
    limits.compacted = topic.config.compacts;
    limits.log_append_time = topic.config.log_append_time;
    return limits;
}

PartitionProduceResponse refused(int32_t index, record::Violation violation) {
    PartitionProduceResponse response = failed(index, violation.error, std::move(violation.message));
    for (record::RecordError& bad : violation.records) {
        BatchIndexAndErrorMessage& error = response.record_errors.emplace_back();
        error.batch_index = bad.index;
        error.batch_index_error_message = std::move(bad.message);
    }
    return response;
}

/// Writes what the broker decides into the batch: its offsets, the epoch and, where the topic says so, the
/// time.
void stamp(const PreparedBatch& batch, const log::Topic& topic, int64_t base_offset, int32_t leader_epoch,
           int64_t now_ms) {
    char* bytes =
        const_cast<char*>(batch.data.data.data()); // ours: the received frame or our own recompression
    if (topic.config.log_append_time)
        record::stamp_log_append_time(bytes, now_ms);
    else if (batch.checked.max_timestamp_wrong)
        record::stamp_max_timestamp(bytes, batch.checked.max_timestamp);
    record::stamp(bytes, base_offset, leader_epoch);
}

/// The answer that was given, or lost, when it was appended; and as Kafka does, its timestamp, whoever has set that.
PartitionProduceResponse repeated(const log::Partition& partition, const log::ProducedBatch& batch) {
    PartitionProduceResponse response;
    response.index = partition.index;
    response.base_offset = batch.base_offset;
    response.log_append_time_ms = batch.timestamp;
    response.log_start_offset = partition.log_start_offset;
    return response;
}

/// What transactions say to the batch, before its sequence is looked at.
ErrorCode transaction_error(Broker& broker, const Call& call, const log::Topic& topic, int32_t index,
                            const record::BatchHeader& header) {
    if (!broker.transactions.loaded())
        return ErrorCode::not_enough_replicas; // which all producers take for a reason to try again
    if (!header.is_transactional()) return ErrorCode::none;
    return broker.transactions.may_append(std::get<Request>(call.request()).transactional_id,
                                          header.producer_id, header.producer_epoch, {topic.id, index},
                                          call.version());
}

/// Between its producer's transactional batches none may be that is not.
bool interferes(const Broker& broker, const log::Topic& topic, int32_t index,
                const record::BatchHeader& header) {
    return !header.is_transactional() &&
           broker.transactions.open_since(header.producer_id, {topic.id, index}) != txn::no_offset;
}

/// What has been appended for the one transaction that a request may be of.
struct Written {
    int64_t producer_id = -1;
    std::vector<txn::AddedPartition> partitions{};
};

PartitionProduceResponse append(Broker& broker, const Call& call, log::Topic& topic, int32_t index,
                                PreparedBatch& batch, int64_t now_ms, Written& written) {
    record::Checked& checked = batch.checked;
    if (checked.error != ErrorCode::none) return failed(index, checked.error, std::move(checked.message));
    if (auto violation = record::violates(checked, limits_of(topic, now_ms), batch.data.data))
        return refused(index, std::move(*violation));

    const log::Partition& partition = *topic.partition(index);
    const log::Sequence sequence = log::sequence_of(checked.header);
    if (sequence.exists()) {
        if (const log::ProducedBatch* before = partition.producers.find_duplicate(sequence)) {
            broker.confirm_earlier();
            return repeated(partition, *before);
        }
        if (const ErrorCode error = transaction_error(broker, call, topic, index, checked.header);
            error != ErrorCode::none)
            return failed(index, error);
        const bool begins_with_0 =
            checked.header.is_transactional() && call.version() >= first_version_that_adds_partitions;
        if (const ErrorCode error = partition.producers.check(sequence, begins_with_0);
            error != ErrorCode::none)
            return failed(index, error);
        if (interferes(broker, topic, index, checked.header))
            return failed(index, ErrorCode::invalid_txn_state);
    }
    const int64_t base_offset = log::Staging::next_offset(topic, index);
    stamp(batch, topic, base_offset, broker.leader_epoch, now_ms);
    const int64_t max_timestamp = topic.config.log_append_time ? now_ms : checked.max_timestamp;
    broker.staging.append(topic, index,
                          {batch.data, checked.header.last_offset_delta, max_timestamp, sequence}, now_ms);

    if (checked.header.is_transactional()) {
        written.producer_id = sequence.producer_id;
        written.partitions.push_back({{topic.id, index}, base_offset});
    }

    PartitionProduceResponse response;
    response.index = index;
    response.base_offset = base_offset;
    response.log_append_time_ms = topic.config.log_append_time ? now_ms : -1;
    response.log_start_offset = partition.log_start_offset;
    return response;
}

/// The tail cache keeps received frames alive. What was stored of this one, from that index of the staging on, is copied
/// out of it if it is a small part, so that memory stays in proportion to what the cache counts.
void copy_small_parts(Broker& broker, const Call& call, size_t first) {
    size_t stored = 0;
    const auto& staged = broker.staging.batches();
    for (size_t i = first; i < staged.size(); i++) stored += staged[i].data.data.size();
    if (2 * stored < call.frame().size()) broker.staging.copy_out(first);
}

/// Where there are no synchronous standbys min.insync.replicas is accepted as a replication factor is, and says nothing.
bool lacks_replicas(const Call& call, const log::Topic& topic) {
    const int32_t wanted = topic.config.min_insync_replicas;
    return wanted > 1 && std::get<Request>(call.request()).acks == -1 && pg::waits_for_standbys() &&
           pg::in_sync_replicas() < wanted;
}

/// Why nothing can be appended to any partition of the topic, if so.
ErrorCode topic_error(const Call& call, const log::Topic* topic) {
    if (!topic)
        return call.version() >= first_version_with_topic_ids ? ErrorCode::unknown_topic_id
                                                              : ErrorCode::unknown_topic_or_partition;
    // Kafka's own topics are for its admin client alone.
    const bool forbidden = log::is_internal_topic(topic->name) && call.header().client_id != "__admin_client";
    if (forbidden) return ErrorCode::invalid_topic_exception;
    return lacks_replicas(call, *topic) ? ErrorCode::not_enough_replicas : ErrorCode::none;
}

TopicProduceResponse produce(Broker& broker, const Call& call, const TopicProduceData& data,
                             PreparedBatches::iterator& batch, int64_t now_ms, Written& written) {
    log::Topic* topic = find_topic(broker, data, call.version());
    const ErrorCode error = topic_error(call, topic);
    TopicProduceResponse response;
    response.name = data.name;
    response.topic_id = data.topic_id;
    for (const auto& partition : data.partition_data) {
        PreparedBatch& prepared = *batch++;
        if (error != ErrorCode::none)
            response.partition_responses.push_back(failed(partition.index, error));
        else if (!topic->partition(partition.index))
            response.partition_responses.push_back(
                failed(partition.index, ErrorCode::unknown_topic_or_partition));
        else
            response.partition_responses.push_back(
                append(broker, call, *topic, partition.index, prepared, now_ms, written));
    }
    return response;
}

using Answers = std::vector<TopicProduceResponse>;

/// What has been done of a request that is too large for one transaction.
struct Progress {
    Answers answers;    ///< to its first topics, and for good: what they say is stored is durable
    size_t batches = 0; ///< that they are about
};

/// What this turn does of a request.
struct Part {
    size_t first_batch; ///< in the staging
    Answers answers;    ///< true once what is staged is durable
    Written written{};
};

pg::Durability durability_for(int16_t acks) {
    return acks == -1 ? pg::Durability::server : pg::Durability::local;
}

void tell_transactions(Broker& broker, Written written) {
    if (!written.partitions.empty())
        broker.transactions.appended(written.producer_id, std::move(written.partitions));
}

/// Commits this turn's part of the request, and leaves the rest to the next.
void store_part(Broker& broker, Call call, Part part, int16_t acks) {
    copy_small_parts(broker, call, part.first_batch);
    tell_transactions(broker, std::move(part.written));
    const ErrorCode error = broker.commit(durability_for(acks));
    Progress& done = call.progress<Progress>();
    for (TopicProduceResponse& topic : part.answers) {
        for (PartitionProduceResponse& partition : topic.partition_responses)
            if (error != ErrorCode::none && partition.error_code == ErrorCode::none)
                partition = failed(partition.index, error);
        done.batches += topic.partition_responses.size();
        done.answers.push_back(std::move(topic));
    }
    broker.postpone(std::move(call));
}

bool any_failed(const Response& response) {
    for (const auto& topic : response.responses)
        for (const auto& partition : topic.partition_responses)
            if (partition.error_code != ErrorCode::none) return true;
    return false;
}

void finish(Broker& broker, Call call, int16_t acks, Response response) {
    if (acks != 0) {
        broker.answer_when_durable(std::move(call), std::move(response), durability_for(acks));
    } else if (any_failed(response)) {
        broker.replies.push_back(std::move(call).close("a Produce request with acks=0 failed"));
    } else {
        broker.finish_when_durable(std::move(call));
    }
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    const int16_t version = call.version(), acks = request.acks;
    PreparedBatches& batches = call.batches();
    if (const ErrorCode error = request_error(request, batches); error != ErrorCode::none)
        return finish(broker, std::move(call), acks, refuse(request, version, error));

    if (!broker.open(topics_of(broker, request, version))) return broker.postpone(std::move(call));
    const int64_t now_ms = broker.now_ms();
    const Progress& done = call.progress<Progress>();
    Part part{broker.staging.batches().size(), {}, {}};
    auto batch = batches.begin() + ptrdiff_t(done.batches);
    for (size_t t = done.answers.size(); t < request.topic_data.size(); t++) {
        if (broker.staged_enough()) return store_part(broker, std::move(call), std::move(part), acks);
        part.answers.push_back(produce(broker, call, request.topic_data[t], batch, now_ms, part.written));
    }
    tell_transactions(broker, std::move(part.written));
    copy_small_parts(broker, call, part.first_batch);
    Response response;
    response.responses = done.answers; // which stay with the call, too, for keep_stored()
    std::move(part.answers.begin(), part.answers.end(), std::back_inserter(response.responses));
    finish(broker, std::move(call), acks, std::move(response));
}

Response refuse(const Request& request, int16_t, ErrorCode error) {
    Response response;
    for (const auto& topic : request.topic_data) {
        TopicProduceResponse& refused = response.responses.emplace_back();
        refused.name = topic.name;
        refused.topic_id = topic.topic_id;
        for (const auto& partition : topic.partition_data)
            refused.partition_responses.push_back(failed(partition.index, error));
    }
    return response;
}

void keep_stored(Call& call, Response& refused) {
    const Answers& answers = call.progress<Progress>().answers;
    std::copy(answers.begin(), answers.end(), refused.responses.begin());
}

} // namespace kafka::api
