// See retention.h.
#include "api/retention.h"

#include "api/broker.h"
#include "log/retention.h"
#include "pg/shared.h"

namespace kafka::api {

void Retention::apply(const pg::Settings& settings) {
    if (std::exchange(interval_, settings.retention_check_interval) != interval_)
        due_ = Clock::now() + interval_;
}

void Retention::tick() {
    if (left_.empty() && to_be_stored_.empty() && Clock::now() >= due_) begin_round();
    while (!to_be_stored_.empty() && !broker_.changed_enough_topics()) {
        log::Topic* topic = broker_.catalog.find(to_be_stored_.back());
        if (topic && !store_producers(*topic)) return;
        to_be_stored_.pop_back();
    }
    while (!left_.empty() && !broker_.changed_enough_topics()) {
        log::Topic* topic = broker_.catalog.find(left_.back());
        if (topic && !delete_expired(*topic)) return; // the next turn goes on
        left_.pop_back();
    }
}

void Retention::begin_round() {
    due_ = Clock::now() + interval_;
    try {
        find_candidates();
    } catch (const pg::Error& error) {
        broker_.log_failure("look for records to be deleted", error);
    }
}

/// Topics that are open are known. Of the others, those whose segments may be past their retention: to open all, only to
/// find that nothing is to be done, would take long after each start.
void Retention::find_candidates() {
    pg::Transaction transaction("looking for records to be deleted");
    const std::vector<store::SegmentCount> counts = store::count_segments();
    to_be_stored_ = store::topics_with_producers_to_store();
    transaction.commit(pg::Durability::none_written);
    const int64_t now = broker_.now_ms();
    for (const store::SegmentCount& count : counts) {
        const log::Topic* topic = broker_.catalog.find(count.topic);
        if (!topic || !topic->config.deletes) continue;
        const int64_t retention = topic->config.retention_ms;
        const bool old = retention >= 0 && now - count.oldest_created_ms > retention;
        if (topic->opened || count.segments > 1 || old) left_.push_back(count.topic);
    }
}

/// The batches that SQL has deleted may tell of their producers. False if the turn has opened enough topics before this one.
bool Retention::store_producers(log::Topic& topic) {
    try {
        if (!broker_.open({&topic})) return false;
        std::vector<int64_t> starts;
        for (const log::Partition& p : topic.partitions) starts.push_back(p.log_start_offset);
        broker_.move_log_start(topic, starts);
        pg::wake_janitor();
    } catch (const pg::Error& error) {
        broker_.log_failure("store producers of topic \"" + topic.name + "\"", error);
    }
    return true;
}

/// False if the turn has opened enough topics before this one.
bool Retention::delete_expired(log::Topic& topic) {
    try {
        if (!broker_.open({&topic})) return false;
        if (broker_.staging.topics().contains(&topic))
            broker_.commit(); // as its newest records may be among these
        const std::vector<int64_t> starts = log::log_starts_by_retention(topic, broker_.now_ms());
        const bool used_up = log::open_segment_is_used_up(topic, starts);
        if (used_up) { // another has to say where the partitions end
            broker_.staging.roll(topic, broker_.now_ms());
            if (broker_.commit() != wire::ErrorCode::none) return true;
        }
        const bool moved = std::any_of(topic.partitions.begin(), topic.partitions.end(), [&](const auto& p) {
            return p.log_start_offset < starts[size_t(p.index)];
        });
        if (moved || used_up) broker_.move_log_start(topic, starts);
    } catch (const pg::Error& error) {
        broker_.log_failure("delete old records of topic \"" + topic.name + "\"", error);
    }
    return true;
}

} // namespace kafka::api
