// Fetch: batches from an offset on, at once or when enough of them are there.
//
// A request first becomes a plan (api/fetch_sessions.h): its partitions, or those that its session remembers.
// Then attempt() reads; if the bytes do not reach min_bytes before max_wait is over, nothing is wrong
// anywhere and something could still come, the call is parked (api/waiting.h) and looked at again after
// appends or at its deadline. Batches go out as they are stored, whole; the first partition with data gets at
// least one batch, whatever the limits say. The newest come from the tail cache without a copy, older ones
// from the tables, bounded for each turn in bytes and in look-ups: what a turn has no room for is left out of
// the answer, and a Fetch that has nothing to answer with yet goes on in the next turn. While responses that clients do
// not take use up their memory, nothing is read from tables: such a Fetch waits, and is answered empty at its deadline.
//
// v4 isolation level; v5 log_start_offset; v7 sessions (KIP-227); v9 current_leader_epoch (KIP-320); v11
// rack_id, ignored; v12 flexible, last_fetched_epoch (KIP-595); v13 topic ids (KIP-516); v15 replica_state,
// ignored; v16 node_endpoints, never needed; v17 and v18 fields of replicas, ignored.
//
// A reader of committed records gets those below the last stable offset, and is told which of them were aborted.
#include "api/epochs.h"
#include "api/handlers.h"

namespace kafka::api {
namespace {

using namespace wire::fetch;
using wire::ErrorCode;
using Clock = std::chrono::steady_clock;

constexpr int16_t first_version_with_sessions = 7;
constexpr int16_t first_version_with_topic_ids = 13;
/// Who could take as much waits for the next turn rather than be answered with the little that is left of this one.
constexpr size_t least_of_a_turn = max_cold_bytes_per_turn / 4;
constexpr int8_t read_committed = 1;

/// What was found for one partition.
struct Found {
    PartitionData data;
    log::Topic* topic = nullptr;
    size_t bytes = 0;
    bool full = false;      ///< more is there than fits into the response
    bool postponed = false; ///< more is there, but this turn has read enough from tables
    bool no_memory = false; ///< more is there, but no memory for it
};

/// One look at a plan.
struct Attempt {
    std::vector<Found> found; ///< in the order of the plan
    size_t bytes = 0;
    bool answer_now =
        false; ///< an error or a divergence, which the client must hear of; or the response is full
    bool postponed = false, no_memory = false;
};

PartitionData failed(int32_t index, ErrorCode error) {
    PartitionData data;
    data.partition_index = index;
    data.error_code = error;
    data.high_watermark = data.last_stable_offset = data.log_start_offset = -1;
    data.records.null = false;
    if (error != ErrorCode::none)
        data.aborted_transactions.emplace(); // empty rather than null, as Kafka has it
    return data;
}

log::Topic* find_topic(const Broker& broker, const FetchPartition& wanted, int16_t version) {
    return version >= first_version_with_topic_ids ? broker.catalog.find(wanted.topic_id)
                                                   : broker.catalog.find(wanted.topic);
}

// Reading ---------------------------------------------------------------------------------------------------

/// What this turn may still read from tables.
size_t budget_left(const Broker& broker) {
    return max_cold_bytes_per_turn - std::min(max_cold_bytes_per_turn, broker.cold_read_bytes);
}

/// Whether the segment has nothing of the partition from the offset on.
bool ends_before(Broker& broker, const log::Segment& segment, int32_t index, int64_t offset) {
    const auto end = broker.batches.end(segment.id, index);
    broker.cold_read_bytes += cost_of_look_up;
    return !end || end->last_offset < offset;
}

/// Adds batches from the tables to `run` until it holds `max_bytes`, or reaches the tail cache or `end`, and moves `offset` behind them and
/// what is missing. False if it stopped earlier, as this turn has read enough; but the one batch that is always to be had is looked for to
/// the end.
bool read_tables(Broker& broker, const log::Topic& topic, const log::Partition& partition, int64_t& offset,
                 int64_t end, size_t max_bytes, bool at_least_one, log::BatchRun& run) {
    size_t i = topic.segment_holding(partition.index, offset);
    while (i < topic.segments.size()) {
        const bool first = at_least_one && run.slices.empty();
        if (offset >= end || partition.tail->covers(offset)) return true;
        if (run.bytes >= max_bytes && !first) return true;
        const size_t room = max_bytes - run.bytes, budget = budget_left(broker);
        if (budget == 0 && !first) return false;
        const log::Segment& segment = topic.segments[i];
        const auto batches =
            broker.batches.read(segment.id, partition.index, offset, std::min(room, budget), first);
        broker.cold_read_bytes += cost_of_look_up;
        for (const store::StoredBatch& b : batches) {
            run.bytes += b.data.data.size();
            broker.cold_read_bytes += b.data.data.size();
            run.slices.push_back(b.data);
            offset = run.next_offset = b.last_offset + 1;
        }
        // Its last batches may have been compacted, or its table lost.
        const bool nothing_here =
            batches.empty() && (first || ends_before(broker, segment, partition.index, offset));
        const int64_t next = i + 1 < topic.segments.size()
                                 ? topic.segments[i + 1].start_offset(partition.index)
                                 : partition.high_watermark;
        if (nothing_here) offset = std::max(offset, next);
        if (offset < next) return budget >= room;
        i = std::max(i + 1,
                     topic.segment_holding(partition.index, offset)); // not those that it has nothing in
    }
    return true;
}

/// Why a read ended where it did.
enum class Stopped { at_end, at_limit, postponed, no_memory };

/// Takes away batches from `end` on, which is between batches. True if there were any.
bool cut(log::BatchRun& run, int64_t end) {
    bool any = false;
    while (!run.slices.empty()) {
        const auto header = record::read_header(run.slices.back().data);
        if (!header || header->base_offset < end) break;
        run.bytes -= run.slices.back().data.size();
        run.next_offset = header->base_offset;
        run.slices.pop_back();
        any = true;
    }
    return any;
}

/// Batches from `offset` on, from the tables and then from memory, up to `max_bytes`; some beyond `end` may be among them.
Stopped read_beyond(Broker& broker, const log::Topic& topic, const log::Partition& partition, int64_t offset,
                    int64_t end, size_t max_bytes, bool at_least_one, log::BatchRun& run) {
    if (offset >= end) return Stopped::at_end;
    if (!partition.tail->covers(offset)) {
        if (broker.response_memory.full()) return Stopped::no_memory;
        const size_t budget = budget_left(broker);
        if (budget == 0 || budget < std::min(max_bytes, least_of_a_turn)) return Stopped::postponed;
        const bool done = read_tables(broker, topic, partition, offset, end, max_bytes, at_least_one, run);
        broker.figures.table_read_bytes.add(run.bytes);
        const Stopped stopped = done ? Stopped::at_limit : Stopped::postponed;
        // What is not there was compacted, or lost with its table; what comes after it may be in memory.
        if (offset >= end) return Stopped::at_end;
        if (!partition.tail->covers(offset))
            return run.slices.empty() && at_least_one ? Stopped::at_end : stopped;
        if (run.slices.empty()) run.next_offset = offset;
    }
    if (run.bytes >= max_bytes && !run.slices.empty()) return Stopped::at_limit;
    const log::BatchRun newest =
        partition.tail->read(offset, max_bytes - run.bytes, at_least_one && run.slices.empty());
    run.bytes += newest.bytes;
    broker.figures.cache_read_bytes.add(newest.bytes);
    run.slices.insert(run.slices.end(), newest.slices.begin(), newest.slices.end());
    if (!newest.slices.empty()) run.next_offset = newest.next_offset;
    return run.next_offset < end ? Stopped::at_limit : Stopped::at_end;
}

/// The same below `end`.
Stopped read(Broker& broker, const log::Topic& topic, const log::Partition& partition, int64_t offset,
             int64_t end, size_t max_bytes, bool at_least_one, log::BatchRun& run) {
    const Stopped stopped = read_beyond(broker, topic, partition, offset, end, max_bytes, at_least_one, run);
    return cut(run, end) ? Stopped::at_end : stopped;
}

// One partition ---------------------------------------------------------------------------------------------

ErrorCode partition_error(const Broker& broker, const FetchPartition& wanted,
                          const log::Partition* partition) {
    return partition ? check_leader_epoch(broker, wanted.current_leader_epoch)
                     : ErrorCode::unknown_topic_or_partition;
}

bool must_search_epoch(const Broker& broker, const FetchPartition& wanted) {
    return !wanted.epoch_checked && is_older_epoch(broker, wanted.last_fetched_epoch);
}

/// KIP-595: a client whose last record is of an epoch that ended before its offset must first cut its own
/// log. Says where that epoch ended, or why it cannot.
ErrorCode check_divergence(Broker& broker, const log::Topic& topic, FetchPartition& wanted,
                           PartitionData& data) {
    if (wanted.last_fetched_epoch < 0 || wanted.epoch_checked) return ErrorCode::none;
    const EpochEnd end =
        epoch_end(broker, topic, wanted.index, wanted.last_fetched_epoch, broker.cold_read_bytes);
    if (end.leader_epoch < 0) return ErrorCode::offset_out_of_range;
    wanted.epoch_checked =
        end.leader_epoch >= wanted.last_fetched_epoch && end.end_offset >= wanted.fetch_offset;
    if (wanted.epoch_checked) return ErrorCode::none;
    EpochEndOffset& diverging = data.diverging_epoch.emplace();
    diverging.epoch = end.leader_epoch;
    diverging.end_offset = end.end_offset;
    return ErrorCode::none;
}

/// Where the records end that the reader may have.
int64_t readable_end(const Broker& broker, const log::Topic& topic, const log::Partition& partition,
                     const Request& request) {
    return request.isolation_level == read_committed
               ? broker.transactions.last_stable_offset(topic, partition)
               : partition.high_watermark;
}

/// Whether what a reader of committed records has to be told of that offset may have to be read from a table.
bool aborted_elsewhere(const log::Partition& partition, const Request& request, int64_t offset) {
    return request.isolation_level == read_committed && offset < partition.aborted_lately.from;
}

std::vector<AbortedTransaction> aborted(Broker& broker, const log::Topic& topic, log::Partition& partition,
                                        int64_t from, int64_t to) {
    std::vector<AbortedTransaction> told;
    for (const log::Aborted& a : broker.transactions.aborted(topic, partition, from, to))
        told.push_back({a.producer_id, a.first_offset});
    return told;
}

bool is_outside(const log::Partition& partition, int64_t offset) {
    return offset < partition.log_start_offset || offset > partition.high_watermark;
}

Found look(Broker& broker, FetchPartition& wanted, log::Topic* topic, const Request& request, int16_t version,
           size_t room, bool nothing_yet) {
    if (!topic) {
        const bool by_id = version >= first_version_with_topic_ids;
        return {failed(wanted.index,
                       by_id ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition)};
    }
    log::Partition* partition = topic->partition(wanted.index);
    if (const ErrorCode error = partition_error(broker, wanted, partition); error != ErrorCode::none)
        return {failed(wanted.index, error), topic};

    Found found{failed(wanted.index, ErrorCode::none), topic};
    found.data.high_watermark = partition->high_watermark;
    const bool committed = request.isolation_level == read_committed;
    found.data.last_stable_offset = broker.transactions.last_stable_offset(*topic, *partition);
    found.data.log_start_offset = partition->log_start_offset;
    if (committed) found.data.aborted_transactions.emplace();
    found.postponed = must_search_epoch(broker, wanted) && budget_left(broker) == 0;
    if (found.postponed) return found;
    if (const ErrorCode error = check_divergence(broker, *topic, wanted, found.data);
        error != ErrorCode::none)
        return {failed(wanted.index, error), topic};
    if (found.data.diverging_epoch) return found;
    if (is_outside(*partition, wanted.fetch_offset))
        return {failed(wanted.index, ErrorCode::offset_out_of_range), topic};

    const size_t limit = std::min(room, size_t(std::max(wanted.max_bytes, 0)));
    log::BatchRun run;
    const int64_t offset = std::max(wanted.fetch_offset, wanted.nothing_before);
    const int64_t end = committed ? found.data.last_stable_offset : partition->high_watermark;
    if (committed && offset >= end) return found;
    found.postponed = aborted_elsewhere(*partition, request, offset) && !pg::in_transaction();
    if (found.postponed) return found;
    const Stopped stopped = read(broker, *topic, *partition, offset, end, limit, nothing_yet, run);
    if (committed && !run.slices.empty())
        found.data.aborted_transactions = aborted(broker, *topic, *partition, offset, run.next_offset);
    if (stopped == Stopped::at_end && run.slices.empty()) wanted.nothing_before = end;
    found.postponed = stopped == Stopped::postponed;
    found.no_memory = stopped == Stopped::no_memory;
    found.full = stopped == Stopped::at_limit && limit == room;
    found.bytes = run.bytes;
    found.data.records.slices = std::move(run.slices);
    return found;
}

bool needs_tables(const Broker& broker, const log::Topic& topic, const FetchPartition& wanted,
                  const Request& request) {
    const log::Partition* partition = topic.partition(wanted.index);
    if (!partition) return false;
    const int64_t offset = std::max(wanted.fetch_offset, wanted.nothing_before);
    const bool elsewhere = !partition->tail->covers(offset) || aborted_elsewhere(*partition, request, offset);
    return must_search_epoch(broker, wanted) ||
           (elsewhere && offset < readable_end(broker, topic, *partition, request));
}

// The whole request -----------------------------------------------------------------------------------------

Attempt attempt(Broker& broker, FetchPlan& plan, const Request& request, int16_t version) {
    std::vector<log::Topic*> topics, known;
    for (const FetchPartition& p : plan.partitions) {
        topics.push_back(find_topic(broker, p, version));
        if (topics.back()) known.push_back(topics.back());
    }
    Attempt result;
    broker.notice_compactions(); // a turn may have lasted for long
    result.postponed = !broker.open(known);
    if (result.postponed) return result;
    if (request.isolation_level == read_committed) (void)broker.transactions.loaded();

    std::optional<pg::Transaction> transaction; // only if something must be read from tables
    const size_t max_bytes =
        std::min(size_t(std::clamp<int64_t>(request.max_bytes, 0, broker.settings.fetch_max_bytes)),
                 broker.response_memory.room());
    for (size_t i = 0; i < plan.partitions.size(); i++) {
        if (!transaction && budget_left(broker) > 0 && topics[i] &&
            needs_tables(broker, *topics[i], plan.partitions[i], request))
            transaction.emplace();
        const size_t room = max_bytes - std::min(max_bytes, result.bytes);
        result.found.push_back(
            look(broker, plan.partitions[i], topics[i], request, version, room, result.bytes == 0));
        const Found& found = result.found.back();
        result.bytes += found.bytes;
        result.postponed |= found.postponed;
        result.no_memory |= found.no_memory;
        result.answer_now |=
            found.full || found.data.error_code != ErrorCode::none || found.data.diverging_epoch;
    }
    if (transaction) transaction->commit(pg::Durability::local);
    return result;
}

/// Incremental sessions leave out partitions of which there is nothing new to tell.
bool worth_telling(const FetchPartition& told, const PartitionData& data) {
    return !data.records.slices.empty() || data.error_code != ErrorCode::none || told.told_error ||
           data.diverging_epoch || data.high_watermark != told.told_high_watermark ||
           data.log_start_offset != told.told_log_start_offset;
}

FetchableTopicResponse& topic_entry(Response& response, const FetchPartition& p) {
    if (response.responses.empty() || response.responses.back().topic != p.topic ||
        response.responses.back().topic_id != p.topic_id) {
        FetchableTopicResponse& entry = response.responses.emplace_back();
        entry.topic = p.topic;
        entry.topic_id = p.topic_id;
    }
    return response.responses.back();
}

void respond(Broker& broker, PendingFetch fetch, Attempt attempt) {
    Response response;
    response.session_id = fetch.plan.session_id;
    wire::Slice* last = nullptr;
    for (size_t i = 0; i < attempt.found.size(); i++) {
        FetchPartition& asked = fetch.plan.partitions[i];
        PartitionData& data = attempt.found[i].data;
        if (fetch.plan.incremental && !worth_telling(asked, data)) continue;
        if (fetch.plan.session_id != 0) {
            asked.told_high_watermark = data.high_watermark;
            asked.told_log_start_offset = data.log_start_offset;
            asked.told_error = data.error_code != ErrorCode::none;
            broker.fetch_sessions.told(fetch.plan.session_id, asked, !data.records.slices.empty());
        }
        if (!data.records.slices.empty()) last = &data.records.slices.back(); // stays where it is when moved
        topic_entry(response, asked).partitions.push_back(std::move(data));
    }
    if (last) broker.response_memory.charge(*last, attempt.bytes);
    broker.answer(std::move(fetch.call), std::move(response));
}

/// Keeps of the request only what is still needed, as it no longer counts as request memory.
void park(Broker& broker, PendingFetch fetch, const Attempt& attempt, int64_t bytes_missing) {
    std::vector<const void*> tails;
    for (size_t i = 0; i < attempt.found.size(); i++) {
        FetchPartition& wanted = fetch.plan.partitions[i];
        wanted.nothing_before = 0; // much may happen until it is looked at again
        tails.push_back(attempt.found[i].topic->partition(wanted.index)->tail.get());
    }
    if (fetch.call.version() >= first_version_with_sessions)
        std::get<Request>(fetch.call.request()).topics = {};
    fetch.call.release_frame();
    broker.waiting.park(std::move(fetch), tails, bytes_missing, attempt.no_memory);
}

/// How long the client may be kept waiting: never so long that its connection would pass for idle.
std::chrono::milliseconds longest_wait(const Broker& broker, const Request& request) {
    const std::chrono::milliseconds asked(std::max(request.max_wait_ms, 0));
    return std::min(asked, broker.settings.connections_max_idle.value_or(asked));
}

} // namespace

void resume(Broker& broker, PendingFetch& fetch) {
    const Request& request = std::get<Request>(fetch.call.request());
    Attempt result = attempt(broker, fetch.plan, request, fetch.call.version());
    const int64_t missing = int64_t(request.min_bytes) - int64_t(result.bytes);
    const bool enough = missing <= 0 || fetch.plan.partitions.empty() || Clock::now() >= fetch.deadline ||
                        !broker.waiting.has_room(fetch.plan.partitions.size());
    if (result.postponed && result.bytes == 0 && !result.answer_now) {
        broker.fetch_put_off |= !result.found.empty(); // nothing was looked at where topics are not open yet
        broker.deferred.push_back(std::move(fetch));   // others have used up this turn's reading
    } else if (enough || result.answer_now || result.postponed || (result.no_memory && result.bytes > 0)) {
        respond(broker, std::move(fetch), std::move(result));
    } else {
        park(broker, std::move(fetch), result, missing);
    }
}

void handle(Broker& broker, Call& call, Request& request) {
    const auto now = Clock::now();
    auto resolved = broker.fetch_sessions.resolve(request, call.version(), now);
    if (const auto* error = std::get_if<ErrorCode>(&resolved)) {
        Response response = refuse(request, call.version(), *error);
        return broker.answer(std::move(call), std::move(response));
    }
    const auto deadline = now + longest_wait(broker, request);
    PendingFetch fetch{std::move(call), std::get<FetchPlan>(std::move(resolved)), deadline};
    try {
        resume(broker, fetch);
    } catch (...) {
        call = std::move(fetch.call); // for the caller to refuse
        throw;
    }
}

Response refuse(const Request& request, int16_t version, ErrorCode error) {
    Response response;
    if (version >= first_version_with_sessions) { // an error of the whole response
        response.error_code = error;
        return response;
    }
    for (const auto& topic : request.topics) {
        FetchableTopicResponse& refused = response.responses.emplace_back();
        refused.topic = topic.topic;
        for (const auto& partition : topic.partitions)
            refused.partitions.push_back(failed(partition.partition, error));
    }
    return response;
}

} // namespace kafka::api
