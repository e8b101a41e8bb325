// See broker.h.
#include "api/broker.h"

#include "api/handlers.h"
#include "api/refuse.h"
#include "pg/process.h"
#include "pg/shared.h"

#include <utility>

namespace kafka::api {
namespace {

/// Past this many staged bytes a turn is committed, so that latency stays bounded under load.
constexpr size_t max_turn_bytes = 16 << 20;
/// Topics that a turn creates, changes and deletes, of which each takes a millisecond or so.
constexpr size_t max_topics_changed = 20;
/// All sessions share a table of locks, which by default has room for some thousands.
constexpr size_t max_locks = 400;

/// Any later commit makes the earlier ones durable and waits for standbys, if only it has written something to the log: what
/// groups changed may come to nothing.
void write_anything() { pg::execute("SELECT pg_catalog.pg_logical_emit_message(true, 'pg_kafka', '')"); }

} // namespace

Broker::Broker(pg::Settings initial, std::string id, int32_t epoch, status::BrokerFigures& shown)
    : settings(std::move(initial)), cluster_id(std::move(id)), leader_epoch(epoch), figures(shown),
      tail_cache(0), producer_snapshots(*this), retention(*this), response_memory(figures.response_memory),
      coordinator(*this), transactions(*this), most_locks_(max_locks) {
    apply(settings);
}

void Broker::apply(pg::Settings changed) {
    settings = std::move(changed);
    batch_policy_changed = true;
    tail_cache.resize(size_t(settings.tail_cache));
    response_memory.set_limit(size_t(settings.response_memory));
    fetch_sessions.set_slots(size_t(settings.max_fetch_sessions));
    coordinator.apply(settings);
    transactions.apply(settings);
    retention.apply(settings);
    for (const auto& [name, topic] : catalog.topics())
        topic->config = log::resolve(topic->overrides, config_defaults());
}

void Broker::connection_closed(uint64_t connection) {
    waiting.connection_closed(connection);
    coordinator.connection_closed(connection);
    std::erase_if(deferred, [&](const PendingFetch& fetch) { return fetch.call.connection() == connection; });
    std::erase_if(postponed_, [&](const Call& call) { // but records that have come are stored
        return call.connection() == connection &&
               !std::holds_alternative<wire::produce::Request>(call.request());
    });
}

int64_t Broker::now_ms() const {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

net::Address Broker::advertised_address(const Call& call) const {
    net::Address address = call.local_address();
    if (!settings.advertised_host.empty()) address.host = settings.advertised_host;
    if (settings.advertised_port > 0) address.port = uint16_t(settings.advertised_port);
    return address;
}

// Turns -----------------------------------------------------------------------------------------------------

bool Broker::staged_enough() const {
    return staging.bytes() >= max_turn_bytes || staging.locks() >= most_locks_;
}

bool Broker::changed_enough_topics() const { return changed_topics_ >= max_topics_changed; }

std::optional<std::string> Broker::no_room_for(int64_t partitions) {
    if (!partitions_present_) partitions_present_ = int64_t(catalog.count_partitions());
    const int64_t present = *partitions_present_;
    if (present + partitions <= settings.max_partitions) return std::nullopt;
    return "There are " + std::to_string(present) + " partitions, and pg_kafka.max_partitions is " +
           std::to_string(settings.max_partitions);
}

void Broker::begin_turn() {
    cold_read_bytes = searched_bytes = 0;
    opened_partitions_ = changed_topics_ = 0;
    partitions_present_.reset();
    fetch_put_off = false;
}

void Broker::postpone(Call call) {
    postponed_connections_.insert(call.connection());
    postponed_.push_back(std::move(call));
}

std::vector<Call> Broker::take_postponed() {
    postponed_connections_.clear();
    return std::exchange(postponed_, {});
}

void Broker::log_failure(const std::string& what, const pg::Error& error) const {
    if (error.lock_not_available() || pg::shutdown_requested()) return;
    pg::log(pg::Level::warning, "pg_kafka could not " + what + ": " + error.what(), error.detail, error.hint);
}

// The commit of a turn --------------------------------------------------------------------------------------

void Broker::answer_when_durable(Call call, wire::Response response, pg::Durability durability) {
    if (durability == pg::Durability::server) durability_ = durability;
    waiting_for_commit_.push_back({std::move(call), std::move(response)});
}

void Broker::confirm_earlier() { earlier_unflushed_ |= pg::waits_for_standbys(); }

void Broker::answer_once_more(Call call, wire::Response response) {
    if (!pg::waits_for_standbys()) return answer(std::move(call), std::move(response));
    confirm_earlier();
    answer_when_durable(std::move(call), std::move(response), pg::Durability::server);
}

void Broker::answer_when_stored(Call call, wire::Response response) {
    if (earlier_unflushed_)
        answer_when_durable(std::move(call), std::move(response), pg::Durability::server);
    else
        answer(std::move(call), std::move(response));
}

void Broker::answer_when_written(Call call, wire::Response response) {
    if (coordinator.has_rows_of(call.request()))
        answer_when_durable(std::move(call), std::move(response), pg::Durability::server);
    else
        answer(std::move(call), std::move(response));
}

void Broker::finish_when_durable(Call call) {
    waiting_for_commit_.push_back({std::move(call), std::nullopt});
}

wire::ErrorCode Broker::commit(pg::Durability at_least, pg::Locks locks) {
    if (at_least == pg::Durability::server) durability_ = at_least;
    try {
        if (has_staged() || earlier_unflushed_) write_staged(locks);
        earlier_unflushed_ = false;
    } catch (const pg::Error& error) {
        take_fewer_locks(error);
        refuse_staged(error);
        return error_for(error);
    }
    publish_staged();
    return wire::ErrorCode::none;
}

void Broker::write_staged(pg::Locks locks) {
    if (earlier_unflushed_) durability_ = pg::Durability::server;
    pg::Transaction transaction;
    if (locks == pg::Locks::taken_at_once) store::do_not_wait_for_locks();
    auto& rolls = staging.rolls();
    for (size_t i = 0; i < rolls.size(); i++) {
        log::StagedRoll& roll = rolls[i];
        const log::Segment* closed = roll.topic->open_segment();
        for (size_t earlier = 0; earlier < i; earlier++)
            if (rolls[earlier].topic == roll.topic) closed = &rolls[earlier].opened;
        if (closed) store::close_segment(closed->id, roll.closed_timestamps, roll.closed_bytes);
        roll.opened.id =
            store::create_segment(roll.topic->id, roll.opened.start_offsets, roll.opened.created_ms);
    }
    std::map<int64_t, store::Batches::Append> appends; // by segment
    for (const log::StagedBatch& b : staging.batches()) {
        const log::Segment& segment =
            b.roll == log::Staging::no_roll ? *b.topic->open_segment() : rolls[b.roll].opened;
        const auto append = appends.try_emplace(segment.id, segment.id).first;
        append->second.add(
            {b.partition, leader_epoch, b.base_offset, b.last_offset, b.max_timestamp, b.bytes, b.data.data});
    }
    for (auto& [segment, append] : appends) append.finish();
    coordinator.write_rows();
    transactions.write_rows();
    if (staging.batches().empty() && earlier_unflushed_) write_anything();
    const auto before = std::chrono::steady_clock::now();
    transaction.commit(durability_); // durable from here on: the one place that decides it
    if (has_staged()) count_commit(std::chrono::steady_clock::now() - before);
    most_locks_ = std::min(most_locks_ + 1, max_locks);
}

void Broker::count_commit(std::chrono::nanoseconds time) {
    figures.commits.add();
    figures.commit_time.add(uint64_t(std::chrono::duration_cast<std::chrono::microseconds>(time).count()));
    figures.batches.add(staging.batches().size());
    figures.batch_bytes.add(staging.bytes());
    figures.most_commit_bytes.raise_to(staging.bytes());
}

/// The shutdown may have ended the wait for a synchronous standby: then the client must ask, not believe.
bool Broker::acknowledges() const {
    return durability_ != pg::Durability::server || !pg::shutdown_requested() || !pg::waits_for_standbys();
}

void Broker::publish_staged() {
    for (const log::StagedBatch& b : staging.batches())
        waiting.appended(b.topic->partition(b.partition)->tail.get(), b.data.data.size());
    const std::vector<log::Topic*> topics(staging.topics().begin(), staging.topics().end());
    std::unordered_set<log::Topic*> rolled;
    for (const log::StagedRoll& roll : staging.rolls()) rolled.insert(roll.topic);
    staging.commit(tail_cache);
    for (log::Topic* topic :
         rolled) // a segment that was the last one may have been read to its end, and deleted
        if (forget_unreadable_segments(*topic)) pg::wake_janitor();
    coordinator.written();
    transactions.written();
    const bool certain = acknowledges();
    replies.reserve(replies.size() + waiting_for_commit_.size());
    for (Waiter& w : waiting_for_commit_)
        replies.push_back(!certain     ? std::move(w.call).close("the server is shutting down")
                          : w.response ? std::move(w.call).reply(std::move(*w.response))
                                       : std::move(w.call).no_response());
    waiting_for_commit_.clear();
    durability_ = pg::Durability::local;
    store_producers(topics);
}

void Broker::store_producers(std::vector<log::Topic*> topics) {
    std::erase_if(topics, [this](log::Topic* topic) { return !producer_snapshots.due(*topic); });
    producer_snapshots.store(topics);
}

/// After an error that, as far as we can tell, comes of too many.
void Broker::take_fewer_locks(const pg::Error& error) {
    if (error.out_of_memory()) most_locks_ = most_locks_ / 2 + 1;
}

void Broker::refuse_staged(const pg::Error& why) {
    const std::unordered_set<log::Topic*> topics = staging.topics();
    const char* what = !staging.empty()          ? "store records"
                       : coordinator.has_rows()  ? "store what consumer groups changed"
                       : transactions.has_rows() ? "store what transactions changed"
                                                 : "flush changes of topics";
    staging.rollback();
    coordinator.not_written();
    transactions.not_written();
    figures.failed_commits.add();
    if (!why.lock_not_available()) distrust(topics);
    if (!pg::shutdown_requested())
        pg::log(pg::Level::warning, std::string("pg_kafka could not ") + what + ": " + why.what(),
                "The clients were told to try again.", why.hint);
    for (Waiter& w : waiting_for_commit_) {
        if (!w.response) {
            replies.push_back(std::move(w.call).close("the records could not be stored"));
            continue;
        }
        wire::Response response = refuse(w.call, error_for(why));
        replies.push_back(std::move(w.call).reply(std::move(response)));
    }
    waiting_for_commit_.clear();
    durability_ = pg::Durability::local;
}

} // namespace kafka::api
