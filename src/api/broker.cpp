// See broker.h.
#include "api/broker.h"

#include "api/handlers.h"
#include "api/refuse.h"
#include "pg/process.h"
#include "pg/shared.h"
#include "txn/types.h"

#include <map>
#include <utility>

namespace kafka::api {
namespace {

/// Opening is one look into a table for each partition. This many take some tens of milliseconds, and as many locks.
constexpr size_t max_partitions_opened = 256;

/// Past this many staged bytes a turn is committed, so that latency stays bounded under load.
constexpr size_t max_turn_bytes = 16 << 20;
/// How often silent producers are looked for, at the least.
constexpr int64_t producer_expiry_interval_ms = 600'000;
/// After so much has been appended to a topic its producers are stored; as much is gone through when it is opened.
constexpr size_t batches_per_snapshot = 1000, bytes_per_snapshot = 4 << 20;
/// Topics that a turn creates and deletes, of which each takes a millisecond or so.
constexpr size_t max_topics_changed = 20;
/// All sessions share a table of locks, which by default has room for some thousands.
constexpr size_t max_locks = 400;

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
      tail_cache(0), response_memory(figures.response_memory), coordinator(*this), transactions(*this),
      most_locks_(max_locks) {
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
            settings.segment_ms};
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

void Broker::begin_turn() {
    cold_read_bytes = searched_bytes = 0;
    opened_partitions_ = changed_topics_ = 0;
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
    topic.segments.clear();
    for (store::SegmentRow& row : rows) {
        log::Segment segment{row.id, std::move(row.start_offsets), std::move(row.max_timestamps),
                             row.created_ms, row.bytes};
        if (!row.lost) {
            topic.segments.push_back(std::move(segment));
            continue;
        }
        // What was in a lost table is gone, but offsets that are known to have been given are not given again.
        for (log::Partition& p : topic.partitions)
            p.high_watermark = std::max(p.high_watermark, segment.start_offset(p.index));
    }
    const log::Segment* open = topic.open_segment();
    topic.staged_segment_bytes = open ? open->bytes : -1;
    for (log::Partition& p : topic.partitions) {
        std::optional<store::SegmentEnd> end;
        if (!topic.segments.empty()) end = batches.end(topic.segments.back().id, p.index);
        const int64_t next = end                      ? end->last_offset + 1
                             : topic.segments.empty() ? 0
                                                      : topic.segments.back().start_offset(p.index);
        // Never back: should a table have been lost, its offsets are not given out again.
        p.high_watermark = std::max({next, p.log_start_offset, p.high_watermark});
        p.staged_end_offset = p.high_watermark;
        p.max_timestamp = p.staged_max_timestamp = open && end ? end->max_timestamp : -1;
        p.aborted.clear();
        p.aborted_known_from = p.high_watermark;
    }
    read_producers(topic);
    topic.opened = true;
}

/// What is stored of them, and what the batches after that say.
void Broker::read_producers(log::Topic& topic) {
    const int64_t now = now_ms();
    for (log::Partition& p : topic.partitions) p.producers = {};
    topic.batches_after_snapshot = topic.bytes_after_snapshot = 0;
    const store::ProducerSnapshot snapshot = producer_tables_.load(topic.id);
    for (const store::ProducerRow& row : snapshot.rows)
        if (log::Partition* p = topic.partition(row.partition))
            p->producers.load(row.producer_id, *row.producer);
    for (log::Partition& p : topic.partitions) {
        const size_t index = size_t(p.index);
        const int64_t from = index < snapshot.offsets.size() ? snapshot.offsets[index] : 0;
        if (from >= p.high_watermark) continue;
        for (size_t s = topic.segment_holding(p.index, from); s < topic.segments.size(); s++)
            batches.headers(topic.segments[s].id, p.index, from, [&](wire::View bytes) {
                const auto header = record::read_header(bytes);
                if (!header) throw pg::Error("a stored record batch has no header", "XX001");
                topic.batches_after_snapshot++;
                topic.bytes_after_snapshot += header->size_in_bytes();
                p.producers.append_again(*header, now);
            });
    }
}

bool Broker::open(const std::vector<log::Topic*>& topics) {
    std::map<wire::Uuid, log::Topic*> portion;
    for (log::Topic* topic : topics) {
        if (topic->opened || portion.contains(topic->id)) continue;
        if (opened_partitions_ >= max_partitions_opened) break;
        opened_partitions_ += topic->partitions.size();
        portion[topic->id] = topic;
    }
    if (!portion.empty()) {
        if (!staging.empty()) commit(); // opening sets ends, so nothing may be staged
        pg::Transaction transaction("opening topics");
        std::vector<wire::Uuid> ids;
        for (const auto& [id, topic] : portion) ids.push_back(id);
        auto segments = store::load_segments(ids);
        for (const auto& [id, topic] : portion) open(*topic, std::move(segments[id]));
        transaction.commit(pg::Durability::none_written);
    }
    return std::all_of(topics.begin(), topics.end(), [](const log::Topic* t) { return t->opened; });
}

void Broker::update_topic(log::Topic& topic, const store::TopicRow& row) {
    batch_policy_changed |= sets_compression(topic.overrides) || sets_compression(row.config);
    topic.overrides = row.config;
    topic.config = log::resolve(topic.overrides, config_defaults());
    topic.partitions.resize(row.log_start_offsets.size());
    for (size_t i = 0; i < topic.partitions.size(); i++) {
        log::Partition& p = topic.partitions[i];
        p.index = int32_t(i);
        p.log_start_offset = row.log_start_offsets[i];
        p.high_watermark = p.staged_end_offset = std::max(p.high_watermark, p.log_start_offset);
    }
    coordinator.topics_changed();
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
    transaction.commit(pg::Durability::local);

    std::set<wire::Uuid> stored;
    for (const store::TopicRow& row : rows) stored.insert(row.id);
    std::vector<log::Topic*> gone;
    for (const auto& [name, topic] : catalog.topics())
        if (!stored.contains(topic->id)) gone.push_back(topic.get());
    for (log::Topic* topic : gone) remove_from_memory(*topic);

    for (const store::TopicRow& row : rows) {
        log::Topic* known = catalog.find(row.id);
        if (known && known->name != row.name) { // renamed by SQL: for clients, another topic
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
    changed_topics_++;
    pg::Transaction transaction;
    store::do_not_wait_for_locks();
    row.id = store::new_topic_id();
    if (!store::insert_topic(row)) return nullptr;
    transaction.commit(pg::Durability::later);
    catalog_unflushed_ = true;
    return &add_topic(row);
}

bool Broker::delete_topic(log::Topic& topic) {
    changed_topics_++;
    if (!staging.empty()) commit();
    pg::Transaction transaction;
    store::do_not_wait_for_locks();
    const bool deleted = store::delete_topic(topic.id);
    transaction.commit(pg::Durability::later);
    catalog_unflushed_ = true;
    remove_from_memory(topic);
    pg::wake_janitor();
    return deleted;
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
    transactions.topic_deleted(id);
}

void Broker::log_failure(const std::string& what, const pg::Error& error) const {
    if (error.lock_not_available()) return;
    pg::log(pg::Level::warning, "pg_kafka could not " + what + ": " + error.what(), error.detail, error.hint);
}

void Broker::distrust_tables() {
    batches.forget();
    for (const auto& [name, topic] : catalog.topics()) topic->opened = false;
}

void Broker::distrust(const std::unordered_set<log::Topic*>& topics) {
    batches.forget();
    for (log::Topic* topic : topics) topic->opened = false;
}

// The commit of a turn --------------------------------------------------------------------------------------

void Broker::answer_when_durable(Call call, wire::Response response, pg::Durability durability) {
    if (durability == pg::Durability::server) durability_ = durability;
    waiting_for_commit_.push_back({std::move(call), std::move(response)});
}

void Broker::answer_when_stored(Call call, wire::Response response) {
    if (catalog_unflushed_)
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
        if (has_staged() || catalog_unflushed_) write_staged();
        catalog_unflushed_ = false;
    } catch (const pg::Error& error) {
        if (error.out_of_memory()) most_locks_ = most_locks_ / 2 + 1; // as far as we can tell, locks
        refuse_staged(error);
        return error_for(error);
    }
    publish_staged();
    return wire::ErrorCode::none;
}

void Broker::write_staged() {
    if (catalog_unflushed_) durability_ = pg::Durability::server;
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
            {b.partition, leader_epoch, b.base_offset, b.last_offset, b.max_timestamp, b.data.data});
    }
    for (auto& [segment, append] : appends) append.finish();
    for (log::Topic* topic : staging.topics())
        if (topic->batches_after_snapshot >= batches_per_snapshot ||
            topic->bytes_after_snapshot >= bytes_per_snapshot)
            store_producers(*topic);
    coordinator.write_rows();
    transactions.write_rows();
    if (staging.empty() && catalog_unflushed_) write_anything();
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

/// As they are with what is staged.
void Broker::store_producers(log::Topic& topic) {
    store::ProducerSnapshot snapshot;
    for (const log::Partition& p : topic.partitions) {
        snapshot.offsets.push_back(p.staged_end_offset);
        for (const int64_t id : p.producers.changed()) {
            const log::Producer* producer = p.producers.find(id);
            snapshot.rows.push_back({p.index, id, producer ? std::optional(*producer) : std::nullopt});
        }
    }
    producer_tables_.store(topic.id, snapshot);
    snapshots_.push_back(&topic);
}

void Broker::producers_stored() {
    for (log::Topic* topic : std::exchange(snapshots_, {})) {
        for (log::Partition& p : topic->partitions) p.producers.stored();
        topic->batches_after_snapshot = topic->bytes_after_snapshot = 0;
    }
}

void Broker::expire_producers() {
    const int64_t now = now_ms(), expiration = settings.producer_id_expiration_ms;
    if (now - expired_ms_ < std::min(producer_expiry_interval_ms, expiration)) return;
    expired_ms_ = now;
    for (const auto& [name, topic] : catalog.topics())
        for (log::Partition& p : topic->partitions)
            p.producers.expire(now - expiration, [&](int64_t producer_id) {
                return transactions.open_since(producer_id, {topic->id, p.index}) != txn::no_offset;
            });
}

void Broker::finish() {
    try {
        pg::Transaction transaction("storing producers");
        for (const auto& [name, topic] : catalog.topics())
            if (topic->opened && topic->batches_after_snapshot > 0) store_producers(*topic);
        transaction.commit(pg::Durability::local);
        producers_stored();
    } catch (const pg::Error& error) {
        snapshots_.clear();
        log_failure("store what it knows of producers", error);
    }
}

void Broker::publish_staged() {
    for (const log::StagedBatch& b : staging.batches())
        waiting.appended(b.topic->partition(b.partition)->tail.get(), b.data.data.size());
    staging.commit(tail_cache);
    producers_stored();
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
}

void Broker::refuse_staged(const pg::Error& why) {
    const std::unordered_set<log::Topic*> topics = staging.topics();
    const char* what = !staging.empty()          ? "store records"
                       : coordinator.has_rows()  ? "store what consumer groups changed"
                       : transactions.has_rows() ? "store what transactions changed"
                                                 : "flush topics that were created or deleted";
    staging.rollback();
    snapshots_.clear();
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
