// The broker's topics (see broker.h): their configs, how they are opened and changed, and when what is known of them is read again.
#include "api/broker.h"

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
/// That opening a topic takes: on the table of its last segment, and its index.
constexpr size_t locks_per_topic = 2;
/// To add so many partitions takes as long as to change a topic.
constexpr size_t partitions_per_change = 500;

bool sets_compression(const log::ConfigOverrides& overrides) {
    return std::any_of(overrides.begin(), overrides.end(),
                       [](const auto& o) { return o.first.starts_with("compression."); });
}

} // namespace

// Configs ---------------------------------------------------------------------------------------------------

log::ConfigDefaults Broker::config_defaults() const {
    return {settings.compression_type, settings.message_max_bytes, settings.segment_bytes,
            settings.segment_ms,       settings.retention_ms,      settings.retention_bytes};
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

// Opening ---------------------------------------------------------------------------------------------------

void Broker::open(log::Topic& topic, std::vector<store::SegmentRow> rows) {
    // After a failure that has touched nothing: what is known besides the ends is still right.
    const int64_t last_segment = topic.segments.empty() ? 0 : topic.segments.back().id;
    bool unchanged =
        std::exchange(topic.producers_read, false); // should reading fail all of it is read the next time
    topic.segments.clear();
    for (store::SegmentRow& row : rows) {
        topic.has_been_compacted |= row.compacted;
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

void Broker::read(const std::map<wire::Uuid, log::Topic*>& topics, pg::Locks locks) {
    if (!staging.empty())
        commit(); // opening sets ends, so nothing may be staged; what has failed is read again
    pg::Transaction transaction("opening topics");
    if (locks == pg::Locks::taken_at_once) store::do_not_wait_for_locks();
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

bool Broker::open(const std::vector<log::Topic*>& topics, pg::Locks locks) {
    std::map<wire::Uuid, log::Topic*> portion;
    for (log::Topic* topic : topics) {
        if (topic->opened || portion.contains(topic->id)) continue;
        if (opened_partitions_ >= max_partitions_opened || locks_per_topic * portion.size() >= most_locks_)
            break;
        opened_partitions_ += topic->partitions.size();
        portion[topic->id] = topic;
    }
    try {
        if (!portion.empty()) read(portion, locks);
    } catch (const pg::Error& error) {
        take_fewer_locks(error);
        throw;
    }
    return std::all_of(topics.begin(), topics.end(), [](const log::Topic* t) { return t->opened; });
}

// Changes ---------------------------------------------------------------------------------------------------

void Broker::update_config(log::Topic& topic, log::ConfigOverrides overrides) {
    batch_policy_changed |= sets_compression(topic.overrides) || sets_compression(overrides);
    topic.overrides = std::move(overrides);
    topic.config = log::resolve(topic.overrides, config_defaults());
    if (!topic.config.compacts) return;
    if (!std::exchange(topic.has_been_compacted, true)) look_again_at_compacted({&topic});
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

// What is to be read again ----------------------------------------------------------------------------------

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

void Broker::notice_compactions() {
    const uint64_t compactions = pg::compactions();
    if (compactions == compactions_) return;
    std::vector<log::Topic*> topics;
    for (const auto& [name, topic] : catalog.topics())
        if (topic->has_been_compacted) topics.push_back(topic.get());
    look_again_at_compacted(topics);
    compactions_ = compactions;
}

/// Clients are to see what SQL sees. What is in the open segment has not been compacted.
void Broker::look_again_at_compacted(const std::vector<log::Topic*>& topics) {
    if (!staging.empty()) commit(); // topics are opened again, for which nothing may be staged
    std::vector<log::TailCut> cuts;
    for (log::Topic* topic : topics) {
        if (topic->segments.empty()) continue;
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

} // namespace kafka::api
