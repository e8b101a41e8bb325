// See broker.h.
#include "api/broker.h"

#include "api/handlers.h"
#include "api/refuse.h"
#include "log/retention.h"
#include "pg/process.h"
#include "pg/shared.h"
#include "store/group_configs.h"

#include <numeric>
#include <utility>

namespace kafka::api {
namespace {

/// Opening is one look into a table for each partition. This many take some tens of milliseconds, and as many locks.
constexpr size_t max_partitions_opened = 256;
/// So do the headers of so many batches, which tell of producers.
constexpr size_t max_headers_read = 10'000;

/// Past this many staged bytes a turn is committed, so that latency stays bounded under load.
constexpr size_t max_turn_bytes = 16 << 20;
/// Topics that a turn creates, changes and deletes, of which each takes a millisecond or so.
constexpr size_t max_topics_changed = 20;
/// So many partitions take as long.
constexpr size_t partitions_per_change = 500;
/// All sessions share a table of locks, which by default has room for some thousands.
constexpr size_t max_locks = 400;
/// That opening a topic takes: on the table of its last segment, and its index.
constexpr size_t locks_per_topic = 2;

bool sets_compression(const log::ConfigOverrides& overrides) {
    return std::any_of(overrides.begin(), overrides.end(),
                       [](const auto& o) { return o.first.starts_with("compression."); });
}

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

log::ConfigDefaults Broker::config_defaults() const {
    return {settings.compression_type, settings.message_max_bytes, settings.segment_bytes,
            settings.segment_ms,       settings.retention_ms,      settings.retention_bytes};
}

net::Address Broker::advertised_address(const Call& call) const {
    net::Address address = call.local_address();
    if (!settings.advertised_host.empty()) address.host = settings.advertised_host;
    if (settings.advertised_port > 0) address.port = uint16_t(settings.advertised_port);
    return address;
}

BatchPolicy Broker::batch_policy() const {
    const auto target = [](const log::TopicConfig& c) {
        return target_compression(c.compression_type, c.compression_level);
    };
    BatchPolicy policy;
    policy.max_decompressed_bytes = size_t(settings.max_decompressed_bytes);
    policy.max_batch_bytes = size_t(settings.max_request_bytes);
    policy.by_default = target(log::resolve({}, config_defaults()));
    for (const auto& [name, topic] : catalog.topics()) {
        if (sets_compression(topic->overrides))
            policy.by_name[name] = policy.by_id[topic->id] = target(topic->config);
    }
    return policy;
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

// Catalog ---------------------------------------------------------------------------------------------------

void Broker::open(log::Topic& topic, std::vector<store::SegmentRow> rows) {
    // After a failure that has touched nothing: what is known besides the ends is still right.
    const int64_t last_segment = topic.segments.empty() ? 0 : topic.segments.back().id;
    bool unchanged =
        std::exchange(topic.producers_read, false); // should reading fail all of it is read the next time
    topic.segments.clear();
    for (store::SegmentRow& row : rows) {
        if (row.is_empty() && &row != &rows.back()) continue; // its table is about to be dropped
        log::Segment segment{row.id,
                             std::move(row.start_offsets),
                             std::move(row.max_timestamps),
                             row.created_ms,
                             std::accumulate(row.bytes.begin(), row.bytes.end(), int64_t(0)),
                             std::move(row.bytes)};
        if (!row.lost) {
            topic.segments.push_back(std::move(segment));
            continue;
        }
        // What was in a lost table is gone, but offsets that are known to have been given are not given again.
        for (log::Partition& p : topic.partitions)
            p.high_watermark = std::max(p.high_watermark, segment.start_offset(p.index));
    }
    unchanged = unchanged && !topic.segments.empty() && topic.segments.back().id == last_segment;
    log::Segment* open = topic.open_segment();
    for (log::Partition& p : topic.partitions) {
        std::optional<store::SegmentEnd> end;
        if (!topic.segments.empty()) end = batches.end(topic.segments.back().id, p.index);
        const int64_t next = end                      ? end->last_offset + 1
                             : topic.segments.empty() ? 0
                                                      : topic.segments.back().start_offset(p.index);
        unchanged = unchanged && next == p.high_watermark;
        // Never back: should a table have been lost, its offsets are not given out again.
        p.high_watermark = std::max({next, p.log_start_offset, p.high_watermark});
        p.staged_end_offset = p.high_watermark;
        p.max_timestamp = p.staged_max_timestamp = open && end ? end->max_timestamp : -1;
        p.bytes = p.staged_bytes = open && end ? end->bytes : 0;
        if (open) open->bytes += p.bytes;
    }
    topic.staged_segment_bytes = open ? open->bytes : -1;
    if (!unchanged) {
        for (log::Partition& p : topic.partitions) {
            p.aborted_lately = {{}, p.high_watermark, INT64_MAX};
            p.aborted_read = {};
        }
        producer_snapshots.read(topic);
    }
    topic.producers_read = true;
    forget_unreadable_segments(topic); // but not before what their batches tell of producers has been read
    topic.opened = true;
}

void Broker::read(const std::map<wire::Uuid, log::Topic*>& topics) {
    if (!staging.empty())
        commit(); // opening sets ends, so nothing may be staged; what has failed is read again
    pg::Transaction transaction("opening topics");
    std::vector<wire::Uuid> ids;
    for (const auto& [id, topic] : topics) ids.push_back(id);
    auto segments = store::load_segments(ids);
    size_t headers = 0;
    for (const auto& [id, topic] : topics) {
        if (headers >= max_headers_read) break; // the next turn opens more
        open(*topic, std::move(segments[id]));
        headers += topic->batches_after_snapshot;
    }
    transaction.commit(pg::Durability::none_written);
}

/// After an error that, as far as we can tell, comes of too many.
void Broker::take_fewer_locks(const pg::Error& error) {
    if (error.out_of_memory()) most_locks_ = most_locks_ / 2 + 1;
}

bool Broker::open(const std::vector<log::Topic*>& topics) {
    std::map<wire::Uuid, log::Topic*> portion;
    for (log::Topic* topic : topics) {
        if (topic->opened || portion.contains(topic->id)) continue;
        if (opened_partitions_ >= max_partitions_opened || locks_per_topic * portion.size() >= most_locks_)
            break;
        opened_partitions_ += topic->partitions.size();
        portion[topic->id] = topic;
    }
    try {
        if (!portion.empty()) read(portion);
    } catch (const pg::Error& error) {
        take_fewer_locks(error);
        throw;
    }
    return std::all_of(topics.begin(), topics.end(), [](const log::Topic* t) { return t->opened; });
}

void Broker::update_config(log::Topic& topic, log::ConfigOverrides overrides) {
    batch_policy_changed |= sets_compression(topic.overrides) || sets_compression(overrides);
    topic.overrides = std::move(overrides);
    topic.config = log::resolve(topic.overrides, config_defaults());
    if (!topic.config.compacts) return;
    topic.has_been_compacted = true;
    pg::wake_janitor(); // which may have had nothing to compact until now
}

void Broker::update_topic(log::Topic& topic, const store::TopicRow& row) {
    update_config(topic, row.config);
    bool moved = false;
    for (size_t i = 0; i < std::min(topic.partitions.size(), row.log_start_offsets.size()); i++)
        moved |= topic.partitions[i].log_start_offset < row.log_start_offsets[i];
    if (topic.partitions.size() != row.log_start_offsets.size())
        topic.opened = false; // a partition that SQL has taken away and put back has its records still
    topic.partitions.resize(row.log_start_offsets.size());
    for (size_t i = 0; i < topic.partitions.size(); i++) {
        log::Partition& p = topic.partitions[i];
        p.index = int32_t(i);
        p.log_start_offset = row.log_start_offsets[i];
        p.high_watermark = p.staged_end_offset = std::max(p.high_watermark, p.log_start_offset);
    }
    if (topic.opened) forget_unreadable_segments(topic);
    if (moved) retention.look_again(); // by SQL, so that what is known of producers is to be stored
    coordinator.topics_changed();
}

bool Broker::forget_unreadable_segments(log::Topic& topic) {
    const size_t unreadable = log::unreadable_segments(topic);
    topic.segments.erase(topic.segments.begin(), topic.segments.begin() + std::ptrdiff_t(unreadable));
    return unreadable > 0;
}

log::Topic& Broker::add_topic(const store::TopicRow& row) {
    log::Topic topic;
    topic.id = row.id;
    topic.name = row.name;
    log::Topic& added = catalog.add(std::move(topic));
    update_topic(added, row);
    return added;
}

void Broker::reload_catalog() {
    if (!staging.empty()) commit();
    pg::Transaction transaction;
    const std::vector<store::TopicRow> rows = store::load_topics();
    group::GroupConfigs group_configs = store::load_group_configs();
    transaction.commit(pg::Durability::local);
    coordinator.apply(std::move(group_configs));

    std::set<wire::Uuid> stored;
    for (const store::TopicRow& row : rows) stored.insert(row.id);
    std::vector<log::Topic*> gone;
    for (const auto& [name, topic] : catalog.topics())
        if (!stored.contains(topic->id)) gone.push_back(topic.get());
    for (log::Topic* topic : gone) {
        const wire::Uuid id = topic->id;
        remove_from_memory(*topic);
        transactions.topic_deleted(id);
    }

    for (const store::TopicRow& row : rows) {
        log::Topic* known = catalog.find(row.id);
        if (known &&
            known->name != row.name) { // renamed by SQL: for clients, another topic, with the same log
            remove_from_memory(*known);
            known = nullptr;
        }
        if (known)
            update_topic(*known, row);
        else
            add_topic(row);
    }
    pg::wake_janitor();
}

log::Topic* Broker::create_topic(store::TopicRow row) {
    partitions_present_.reset();
    changed_topics_++;
    pg::Transaction transaction;
    store::do_not_wait_for_locks();
    row.id = store::new_topic_id();
    if (!store::insert_topic(row)) return nullptr;
    transaction.commit(pg::Durability::later);
    earlier_unflushed_ = true;
    return &add_topic(row);
}

void Broker::add_partitions(log::Topic& topic, int32_t count) {
    if (!staging.empty()) commit();
    const size_t present = topic.partitions.size();
    partitions_present_.reset();
    changed_topics_ += 1 + (size_t(count) - present) / partitions_per_change;
    pg::Transaction transaction;
    store::do_not_wait_for_locks();
    store::add_partitions(topic.id, int32_t(present), count);
    transaction.commit(pg::Durability::later);
    earlier_unflushed_ = true;
    topic.partitions.resize(size_t(count));
    for (size_t i = present; i < topic.partitions.size(); i++) topic.partitions[i].index = int32_t(i);
    coordinator.topics_changed();
}

bool Broker::set_configs(log::Topic& topic, const log::ConfigValues& values) {
    changed_topics_++;
    pg::Transaction transaction;
    store::do_not_wait_for_locks();
    if (store::lock_topic(topic.name) != topic.id) return false;
    for (const auto& [name, value] : values) store::set_config(topic.id, name, value);
    log::ConfigOverrides overrides = store::load_config(topic.id);
    transaction.commit(pg::Durability::later);
    earlier_unflushed_ = true;
    update_config(topic, std::move(overrides));
    return true;
}

void Broker::set_configs(const std::string& group_id, const log::ConfigValues& values,
                         const group::GroupConfig& config) {
    changed_topics_++;
    pg::Transaction transaction;
    store::do_not_wait_for_locks();
    for (const auto& [name, value] : values) store::set_group_config(group_id, name, value);
    transaction.commit(pg::Durability::later);
    earlier_unflushed_ = true;
    coordinator.apply(group_id, config);
}

bool Broker::delete_topic(log::Topic& topic) {
    changed_topics_++;
    if (!staging.empty()) commit();
    pg::Transaction transaction;
    store::do_not_wait_for_locks();
    const bool deleted = store::delete_topic(topic.id);
    transaction.commit(pg::Durability::later);
    earlier_unflushed_ = true;
    const wire::Uuid id = topic.id;
    remove_from_memory(topic);
    transactions.topic_deleted(id);
    pg::wake_janitor();
    return deleted;
}

void Broker::move_log_start(log::Topic& topic, const std::vector<int64_t>& log_start_offsets) {
    changed_topics_++;
    if (!staging.empty()) commit();
    pg::Transaction transaction;
    store::do_not_wait_for_locks();
    store::move_log_start(topic.id, log_start_offsets);
    producer_snapshots.write(topic); // what batches say of their producers goes with them
    transaction.commit(pg::Durability::later);
    earlier_unflushed_ = true;
    ProducerSnapshots::written(topic);
    for (log::Partition& p : topic.partitions)
        p.log_start_offset = std::max(p.log_start_offset, log_start_offsets[size_t(p.index)]);
    if (forget_unreadable_segments(topic)) pg::wake_janitor();
}

void Broker::remove_from_memory(log::Topic& topic) {
    batch_policy_changed |= sets_compression(topic.overrides);
    for (log::Partition& p : topic.partitions) {
        waiting.changed(p.tail.get());
        tail_cache.drop(*p.tail);
    }
    const wire::Uuid id = topic.id;
    catalog.remove(id);
    coordinator.topic_deleted(id);
}

void Broker::log_failure(const std::string& what, const pg::Error& error) const {
    if (error.lock_not_available() || pg::shutdown_requested()) return;
    pg::log(pg::Level::warning, "pg_kafka could not " + what + ": " + error.what(), error.detail, error.hint);
}

void Broker::distrust_tables() {
    batches.forget();
    for (const auto& [name, topic] : catalog.topics()) topic->opened = false;
}

void Broker::log_changed() {
    distrust_tables();
    for (const auto& [name, topic] : catalog.topics()) topic->producers_read = false;
}

void Broker::distrust(const std::unordered_set<log::Topic*>& topics) {
    batches.forget();
    for (log::Topic* topic : topics) topic->opened = false;
}

/// Clients are to see what SQL sees. What is in the open segment has not been compacted.
void Broker::segments_compacted() {
    std::vector<log::TailCut> cuts;
    for (const auto& [name, topic] : catalog.topics()) {
        if (!topic->has_been_compacted || topic->segments.empty()) continue;
        for (log::Partition& p : topic->partitions) {
            cuts.push_back({p.tail.get(), topic->segments.back().start_offset(p.index)});
            // A reader that is told of an aborted transaction needs its marker, which is going to go.
            p.aborted_lately = {{}, p.high_watermark, INT64_MAX};
            p.aborted_read = {};
        }
        topic->opened = false;
    }
    tail_cache.cut(cuts);
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

wire::ErrorCode Broker::commit(pg::Durability at_least) {
    if (at_least == pg::Durability::server) durability_ = at_least;
    try {
        if (has_staged() || earlier_unflushed_) write_staged();
        earlier_unflushed_ = false;
    } catch (const pg::Error& error) {
        take_fewer_locks(error);
        refuse_staged(error);
        return error_for(error);
    }
    publish_staged();
    return wire::ErrorCode::none;
}

void Broker::write_staged() {
    if (earlier_unflushed_) durability_ = pg::Durability::server;
    pg::Transaction transaction;
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
