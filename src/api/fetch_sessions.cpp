// See fetch_sessions.h. Epochs: 0 opens a session, -1 asks without one, 1 and up continue one (rules of
// KIP-227).
#include "api/fetch_sessions.h"

#include <algorithm>
#include <functional>
#include <random>

namespace kafka::api {
namespace {

constexpr auto min_idle_before_eviction = std::chrono::seconds(120);
constexpr int32_t initial_epoch = 0, final_epoch = -1;
constexpr int16_t first_version_with_topic_ids = 13;

std::vector<FetchPartition> partitions_of(const wire::fetch::Request& request) {
    std::vector<FetchPartition> all;
    for (const auto& topic : request.topics)
        for (const auto& p : topic.partitions)
            all.push_back({topic.topic, topic.topic_id, p.partition, p.current_leader_epoch,
                           p.last_fetched_epoch, p.fetch_offset, p.partition_max_bytes});
    return all;
}

} // namespace

size_t SessionPartitions::Hash::operator()(const FetchPartition* p) const {
    const size_t name = std::hash<std::string>()(p->topic);
    const size_t id =
        std::hash<wire::View>()({reinterpret_cast<const char*>(p->topic_id.data()), p->topic_id.size()});
    return (name ^ id) * 31 + size_t(p->index);
}

SessionPartitions::SessionPartitions(std::vector<FetchPartition> partitions) {
    for (FetchPartition& p : partitions) want(std::move(p));
}

void SessionPartitions::want(FetchPartition partition) {
    if (const auto known = by_partition_.find(&partition); known != by_partition_.end()) {
        FetchPartition& there = *known->second;
        partition.told_high_watermark = there.told_high_watermark;
        partition.told_log_start_offset = there.told_log_start_offset;
        partition.told_error = there.told_error;
        there = std::move(partition);
        return;
    }
    order_.push_back(std::move(partition));
    by_partition_.emplace(&order_.back(), std::prev(order_.end()));
}

void SessionPartitions::forget(const FetchPartition& partition) {
    const auto known = by_partition_.find(&partition);
    if (known == by_partition_.end()) return;
    const auto at = known->second;
    by_partition_.erase(known); // its key lies in the list
    order_.erase(at);
}

void SessionPartitions::told(const FetchPartition& partition, bool had_data) {
    const auto known = by_partition_.find(&partition);
    if (known == by_partition_.end()) return;
    FetchPartition& there = *known->second;
    there.told_high_watermark = partition.told_high_watermark;
    there.told_log_start_offset = partition.told_log_start_offset;
    there.told_error = partition.told_error;
    if (had_data) order_.splice(order_.end(), order_, known->second);
}

std::variant<FetchPlan, wire::ErrorCode> FetchSessions::resolve(const wire::fetch::Request& request,
                                                                int16_t version, Clock::time_point now) {
    const bool is_full = request.session_epoch == initial_epoch || request.session_epoch == final_epoch;
    return is_full ? full(request, version, now) : continued(request, version, now);
}

std::variant<FetchPlan, wire::ErrorCode> FetchSessions::full(const wire::fetch::Request& request,
                                                             int16_t version, Clock::time_point now) {
    close(request.session_id);
    SessionPartitions partitions(partitions_of(request));
    FetchPlan plan{partitions.in_order(), 0, false};
    if (request.session_epoch == initial_epoch && !plan.partitions.empty())
        plan.session_id = open(std::move(partitions), version >= first_version_with_topic_ids, now);
    return plan;
}

std::variant<FetchPlan, wire::ErrorCode> FetchSessions::continued(const wire::fetch::Request& request,
                                                                  int16_t version, Clock::time_point now) {
    const auto it = sessions_.find(request.session_id);
    if (it == sessions_.end()) return wire::ErrorCode::fetch_session_id_not_found;
    Session& session = it->second;
    if (session.uses_topic_ids != (version >= first_version_with_topic_ids))
        return wire::ErrorCode::fetch_session_topic_id_error;
    if (request.session_epoch != session.next_epoch) return wire::ErrorCode::invalid_fetch_session_epoch;

    partitions_ -= session.partitions.size();
    for (const auto& topic : request.forgotten_topics_data)
        for (const int32_t index : topic.partitions)
            session.partitions.forget({topic.topic, topic.topic_id, index});
    for (FetchPartition& wanted : partitions_of(request)) session.partitions.want(std::move(wanted));
    partitions_ += session.partitions.size();
    if (partitions_ > max_partitions) { // the client goes on without a session
        close(request.session_id);
        return wire::ErrorCode::fetch_session_id_not_found;
    }

    FetchPlan plan{session.partitions.in_order(), request.session_id, true};
    if (plan.partitions.empty()) {
        close(request.session_id);
        plan.session_id = 0;
        return plan;
    }
    session.next_epoch = session.next_epoch == INT32_MAX ? 1 : session.next_epoch + 1;
    session.last_used = now;
    recent_.splice(recent_.end(), recent_, session.recent);
    return plan;
}

void FetchSessions::told(int32_t session_id, const FetchPartition& partition, bool had_data) {
    const auto it = sessions_.find(session_id);
    if (it != sessions_.end()) it->second.partitions.told(partition, had_data);
}

int32_t FetchSessions::open(SessionPartitions partitions, bool uses_topic_ids, Clock::time_point now) {
    if (!make_room(partitions.size(), now)) return 0;
    static_assert(sizeof(std::random_device::result_type) >= sizeof(int32_t));
    std::random_device random; // ids must not be guessable by another client
    int32_t id = 0;
    while (id == 0 || sessions_.contains(id)) id = int32_t(random() & 0x7fffffff);
    recent_.push_back(id);
    Session& session = sessions_[id];
    session = {1, uses_topic_ids, std::move(partitions), std::prev(recent_.end()), now};
    partitions_ += session.partitions.size();
    return id;
}

void FetchSessions::close(int32_t id) {
    const auto it = sessions_.find(id);
    if (it == sessions_.end()) return;
    partitions_ -= it->second.partitions.size();
    recent_.erase(it->second.recent);
    sessions_.erase(it);
}

bool FetchSessions::make_room(size_t partitions, Clock::time_point now) {
    if (partitions > max_partitions || slots_ == 0)
        return false; // nobody has to go for what has no room anyway
    while (sessions_.size() >= slots_ || partitions_ + partitions > max_partitions) {
        if (recent_.empty() || now - sessions_.at(recent_.front()).last_used < min_idle_before_eviction)
            return false;
        close(recent_.front());
    }
    return true;
}

} // namespace kafka::api
