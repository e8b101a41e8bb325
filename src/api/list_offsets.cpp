// ListOffsets: the offset at an end of the log, or of the first record at or after a time.
//
// Times: -1 latest (the last stable offset for read_committed), -2 earliest, v7 -3 the record with the
// largest timestamp, v8 -4 earliest local (all is local), v9 -5 latest tiered (nothing is), v11 -6 earliest
// pending upload (nothing is). A time from 0 on finds the first record, not batch, whose timestamp is not
// before it: the batch by halves in the segment's rising column (store/batches.h), the record by reading that
// batch. The leader epoch in the answer is that of the record, of the first record for earliest, the current
// one for latest. A search that would take long goes on in later turns. A partition that is asked for twice is refused and answered once.
//
// v2 isolation level; v4 leader epochs (KIP-320); v6 flexible; v10 timeout of remote look-ups, ignored.
#include "api/epochs.h"
#include "api/handlers.h"
#include "record/records.h"

#include <map>
#include <utility>

namespace kafka::api {
namespace {

using namespace wire::list_offsets;
using wire::ErrorCode;

enum Sentinel : int64_t {
    latest = -1,
    earliest = -2,
    max_timestamp = -3,
    earliest_local = -4,
    latest_tiered = -5,
    earliest_pending_upload = -6
};
constexpr int8_t read_committed = 1;

/// First version of the request that knows this sentinel; a time needs none.
int16_t first_version_with(int64_t timestamp) {
    switch (timestamp) {
    case max_timestamp:
        return 7;
    case earliest_local:
        return 8;
    case latest_tiered:
        return 9;
    case earliest_pending_upload:
        return 11;
    default:
        return timestamp < earliest_pending_upload ? INT16_MAX : 0;
    }
}

/// Looks for a record, which a reader of committed ones must be able to see.
bool is_search(int64_t timestamp) { return timestamp >= 0 || timestamp == max_timestamp; }

/// An offset found, with the timestamp of its record where it was looked up by time.
struct Found {
    int64_t offset = -1, timestamp = -1;
    int32_t leader_epoch = -1;
};

// Looking up by time ----------------------------------------------------------------------------------------

/// The first record of the batch from `log_start` on whose timestamp is at least `timestamp`.
std::optional<Found> find_in_batch(Broker& broker, wire::View batch, int64_t timestamp, int64_t log_start) {
    record::RecordReader reader(batch, size_t(pg::largest_max_decompressed_bytes));
    broker.searched_bytes += std::max(batch.size(), reader.decompressed_bytes());
    record::Record record;
    while (reader.next(record))
        if (record.timestamp >= timestamp && record.offset >= log_start)
            return Found{record.offset, record.timestamp, reader.header().partition_leader_epoch};
    return std::nullopt;
}

/// The largest timestamp of the partition in this segment; -1 if it has no record there.
int64_t max_timestamp_of(const log::Segment& segment, const log::Partition& partition) {
    const size_t index = size_t(partition.index);
    if (!segment.closed()) return partition.max_timestamp;
    return index < segment.max_timestamps.size() ? segment.max_timestamps[index] : -1;
}

/// The first batch that holds `from` or comes after it, and may hold a record of that time or later.
std::optional<store::StoredBatch> next_reaching(Broker& broker, const log::Topic& topic,
                                                const log::Partition& partition, int64_t timestamp,
                                                int64_t from) {
    for (size_t i = topic.segment_holding(partition.index, from); i < topic.segments.size(); i++) {
        const log::Segment& segment = topic.segments[i];
        if (max_timestamp_of(segment, partition) < timestamp) continue;
        const auto first = broker.batches.first_reaching(segment.id, partition.index,
                                                         store::Rising::max_timestamp, timestamp);
        if (!first) continue;
        auto batches = broker.batches.read(segment.id, partition.index, std::max(*first, from), 0, true);
        if (!batches.empty()) return std::move(batches[0]);
    }
    return std::nullopt;
}

/// Goes on at the offset `from`. Nothing, with `from` advanced, once this turn has searched enough.
std::optional<Found> find_by_time(Broker& broker, const log::Topic& topic, const log::Partition& partition,
                                  int64_t timestamp, int64_t& from) {
    from = std::max(from, partition.log_start_offset);
    while (broker.searched_bytes < max_searched_bytes_per_turn) {
        const auto batch = next_reaching(broker, topic, partition, timestamp, from);
        if (!batch) return Found{};
        // It holds such a record, unless a record before the log start has made the column rise.
        if (auto found = find_in_batch(broker, batch->data.data, timestamp, partition.log_start_offset))
            return found;
        from = batch->last_offset + 1;
    }
    return std::nullopt;
}

/// The first of the records with the largest timestamp, which is -1 where no record has one.
std::optional<Found> find_max_timestamp(Broker& broker, const log::Topic& topic,
                                        const log::Partition& partition, int64_t& from) {
    int64_t largest = -1;
    const size_t first = topic.segment_holding(partition.index, partition.log_start_offset);
    for (size_t i = first; i < topic.segments.size(); i++)
        largest = std::max(largest, max_timestamp_of(topic.segments[i], partition));
    return find_by_time(broker, topic, partition, largest, from);
}

// One partition ---------------------------------------------------------------------------------------------

/// The epoch of the batch at the start of the log, the current one if the log is empty.
int32_t first_epoch(Broker& broker, const log::Topic& topic, const log::Partition& partition) {
    const int64_t start = partition.log_start_offset;
    if (broker.leader_epoch == 0 || start == partition.high_watermark) return broker.leader_epoch;
    for (size_t i = topic.segment_holding(partition.index, start); i < topic.segments.size(); i++) {
        if (!topic.segments[i].may_hold(partition.index)) continue;
        const auto batches = broker.batches.read(topic.segments[i].id, partition.index, start, 0, true);
        if (batches.empty()) continue;
        if (const auto header = record::read_header(batches[0].data.data))
            return header->partition_leader_epoch;
    }
    return broker.leader_epoch;
}

std::optional<Found> find(Broker& broker, const log::Topic& topic, const log::Partition& partition,
                          int64_t timestamp, int8_t isolation, int64_t& from) {
    const bool committed = isolation == read_committed;
    switch (timestamp) {
    case latest:
        return Found{committed ? broker.transactions.last_stable_offset(topic, partition)
                               : partition.high_watermark,
                     -1, broker.leader_epoch};
    case earliest:
    case earliest_local:
        return Found{partition.log_start_offset, -1, first_epoch(broker, topic, partition)};
    case max_timestamp:
        return find_max_timestamp(broker, topic, partition, from);
    case latest_tiered:
    case earliest_pending_upload:
        return Found{};
    default:
        return find_by_time(broker, topic, partition, timestamp, from);
    }
}

ListOffsetsPartitionResponse failed(int32_t index, ErrorCode error) {
    ListOffsetsPartitionResponse response;
    response.partition_index = index;
    response.error_code = error;
    return response;
}

/// Which of the records are committed, nobody can tell for the moment: clients try again.
ErrorCode unknown_end(int16_t version) {
    constexpr int16_t first_version_with_offset_not_available = 5;
    return version >= first_version_with_offset_not_available ? ErrorCode::offset_not_available
                                                              : ErrorCode::leader_not_available;
}

bool depends_on_transactions(const Request& request, int64_t timestamp) {
    return request.isolation_level == read_committed && (timestamp == latest || is_search(timestamp));
}

/// Nothing if the search is to go on in the next turn, from `from`.
std::optional<ListOffsetsPartitionResponse> look_up(Broker& broker, const log::Topic* topic,
                                                    const ListOffsetsPartition& asked, const Request& request,
                                                    int16_t version, bool transactions_known, int64_t& from) {
    const int32_t index = asked.partition_index;
    if (version < first_version_with(asked.timestamp)) return failed(index, ErrorCode::unsupported_version);
    const log::Partition* partition = topic ? topic->partition(index) : nullptr;
    if (!partition) return failed(index, ErrorCode::unknown_topic_or_partition);
    if (const ErrorCode error = check_leader_epoch(broker, asked.current_leader_epoch);
        error != ErrorCode::none)
        return failed(index, error);
    if (!transactions_known && depends_on_transactions(request, asked.timestamp))
        return failed(index, unknown_end(version));
    if (asked.timestamp != latest) broker.searched_bytes += cost_of_look_up;
    auto found = find(broker, *topic, *partition, asked.timestamp, request.isolation_level, from);
    if (!found) return std::nullopt;
    const bool hidden = depends_on_transactions(request, asked.timestamp) && asked.timestamp != latest &&
                        found->offset >= broker.transactions.last_stable_offset(*topic, *partition);
    if (hidden) found = Found{};
    ListOffsetsPartitionResponse response = failed(index, ErrorCode::none);
    response.offset = found->offset;
    response.timestamp = found->timestamp;
    response.leader_epoch = found->leader_epoch;
    return response;
}

// The whole request -----------------------------------------------------------------------------------------

/// How often the request asks for each partition.
using TimesAsked = std::map<std::pair<std::string_view, int32_t>, int>;

TimesAsked count(const Request& request) {
    TimesAsked times;
    for (const ListOffsetsTopic& topic : request.topics)
        for (const ListOffsetsPartition& asked : topic.partitions)
            times[{topic.name, asked.partition_index}]++;
    return times;
}

/// How far a request has come that takes several turns.
struct Progress {
    Response response;               ///< its last topic is being worked on
    size_t partitions = 0;           ///< of that topic that are done
    int64_t from = -1;               ///< where the search in the next partition goes on
    TimesAsked times_asked;          ///< 0 for those that have been answered
    bool transactions_known = false; ///< in this turn
};

/// Goes through the request from where it was left. False if this turn has done enough before the end.
bool look_up(Broker& broker, const Request& request, int16_t version, Progress& done) {
    auto& results = done.response.topics;
    if (results.empty()) done.times_asked = count(request);
    for (size_t t = results.empty() ? 0 : results.size() - 1; t < request.topics.size(); t++) {
        const ListOffsetsTopic& topic = request.topics[t];
        if (t == results.size()) {
            results.emplace_back().name = topic.name;
            done.partitions = 0;
        }
        const log::Topic* known = broker.catalog.find(topic.name);
        for (; done.partitions < topic.partitions.size(); done.partitions++) {
            const ListOffsetsPartition& asked = topic.partitions[done.partitions];
            int& times = done.times_asked[{topic.name, asked.partition_index}];
            if (times == 1) {
                if (broker.searched_bytes >= max_searched_bytes_per_turn) return false;
                auto result =
                    look_up(broker, known, asked, request, version, done.transactions_known, done.from);
                if (!result) return false;
                results.back().partitions.push_back(std::move(*result));
            } else if (times > 1) {
                results.back().partitions.push_back(
                    failed(asked.partition_index, ErrorCode::invalid_request));
            }
            times = 0;
            done.from = -1;
        }
    }
    return true;
}

/// The end of the log is in memory; everything else may have to be read.
bool needs_tables(const Request& request) {
    for (const ListOffsetsTopic& topic : request.topics)
        for (const ListOffsetsPartition& asked : topic.partitions)
            if (asked.timestamp != latest) return true;
    return false;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    std::vector<log::Topic*> topics;
    for (const ListOffsetsTopic& asked : request.topics)
        if (log::Topic* topic = broker.catalog.find(asked.name)) topics.push_back(topic);
    if (!broker.open(topics)) return broker.postpone(std::move(call));

    Progress& done = call.progress<Progress>();
    done.transactions_known = request.isolation_level != read_committed || broker.transactions.loaded();
    std::optional<pg::Transaction> transaction;
    if (needs_tables(request)) transaction.emplace("looking up offsets");
    const bool finished = look_up(broker, request, call.version(), done);
    if (transaction) transaction->commit(pg::Durability::none_written);
    if (!finished) return broker.postpone(std::move(call));
    Response response = std::move(done.response);
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, ErrorCode error) {
    Response response;
    for (const ListOffsetsTopic& asked : request.topics) {
        ListOffsetsTopicResponse& result = response.topics.emplace_back();
        result.name = asked.name;
        for (const ListOffsetsPartition& p : asked.partitions)
            result.partitions.push_back(failed(p.partition_index, error));
    }
    return response;
}

} // namespace kafka::api
