// See fetch_sessions.h. Epochs: 0 opens a session, -1 asks without one, 1 and up continue one (rules of
// KIP-227).
#include "api/fetch_sessions.h"

#include <algorithm>
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

std::variant<FetchPlan, wire::ErrorCode> FetchSessions::resolve(const wire::fetch::Request& request,
                                                                int16_t version, Clock::time_point now) {
    const bool is_full = request.session_epoch == initial_epoch || request.session_epoch == final_epoch;
    return is_full ? full(request, version, now) : continued(request, version, now);
}

std::variant<FetchPlan, wire::ErrorCode> FetchSessions::full(const wire::fetch::Request& request,
                                                             int16_t version, Clock::time_point now) {
    close(request.session_id);
    FetchPlan plan{partitions_of(request), 0, false};
    if (request.session_epoch == initial_epoch && !plan.partitions.empty())
        plan.session_id = open(plan.partitions, version >= first_version_with_topic_ids, now);
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

    for (const auto& topic : request.forgotten_topics_data)
        session.partitions.remove_if([&](const FetchPartition& p) {
            return p.topic == topic.topic && p.topic_id == topic.topic_id &&
                   std::find(topic.partitions.begin(), topic.partitions.end(), p.index) !=
                       topic.partitions.end();
        });
    for (FetchPartition& wanted : partitions_of(request)) {
        const auto known = std::find_if(session.partitions.begin(), session.partitions.end(),
                                        [&](const FetchPartition& p) { return p.same_partition(wanted); });
        if (known == session.partitions.end()) {
            session.partitions.push_back(std::move(wanted));
        } else {
            wanted.told_high_watermark = known->told_high_watermark;
            wanted.told_log_start_offset = known->told_log_start_offset;
            wanted.told_error = known->told_error;
            *known = std::move(wanted);
        }
    }

    FetchPlan plan{{session.partitions.begin(), session.partitions.end()}, request.session_id, true};
    if (session.partitions.empty()) {
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
    if (it == sessions_.end()) return;
    auto& partitions = it->second.partitions;
    const auto known = std::find_if(partitions.begin(), partitions.end(),
                                    [&](const FetchPartition& p) { return p.same_partition(partition); });
    if (known == partitions.end()) return;
    known->told_high_watermark = partition.told_high_watermark;
    known->told_log_start_offset = partition.told_log_start_offset;
    known->told_error = partition.told_error;
    if (had_data) partitions.splice(partitions.end(), partitions, known);
}

int32_t FetchSessions::open(std::vector<FetchPartition> partitions, bool uses_topic_ids,
                            Clock::time_point now) {
    if (!make_room(now)) return 0;
    static_assert(sizeof(std::random_device::result_type) >= sizeof(int32_t));
    std::random_device random; // ids must not be guessable by another client
    int32_t id = 0;
    while (id == 0 || sessions_.contains(id)) id = int32_t(random() & 0x7fffffff);
    recent_.push_back(id);
    sessions_[id] = {
        1, uses_topic_ids, {partitions.begin(), partitions.end()}, std::prev(recent_.end()), now};
    return id;
}

void FetchSessions::close(int32_t id) {
    const auto it = sessions_.find(id);
    if (it == sessions_.end()) return;
    recent_.erase(it->second.recent);
    sessions_.erase(it);
}

bool FetchSessions::make_room(Clock::time_point now) {
    while (sessions_.size() >= slots_) {
        if (recent_.empty() || now - sessions_.at(recent_.front()).last_used < min_idle_before_eviction)
            return false;
        close(recent_.front());
    }
    return true;
}

} // namespace kafka::api
