// Incremental fetch sessions (KIP-227): the broker remembers which partitions a consumer reads, so that
// requests and responses name only what has changed. Main thread only.
#pragma once
#include "wire/errors.h"
#include "wire/messages/fetch.h"

#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace kafka::api {

/// What a consumer wants of one partition.
struct FetchPartition {
    std::string topic;     ///< empty when asked by id
    wire::Uuid topic_id{}; ///< zero when asked by name
    int32_t index = 0, current_leader_epoch = -1, last_fetched_epoch = -1;
    int64_t fetch_offset = 0;
    int32_t max_bytes = 0;
    int64_t told_high_watermark = -1, told_log_start_offset = -1; ///< as in the session's last response
    bool told_error = false;                                      ///< the last response gave an error
    int64_t nothing_before = 0; ///< what its Fetch found in earlier turns: nothing from fetch_offset to here
    bool epoch_checked = false; ///< and no divergence

    bool same_partition(const FetchPartition& other) const {
        return index == other.index && topic_id == other.topic_id && topic == other.topic;
    }
};

/// The partitions of a session in the order in which they are served, each found at once.
class SessionPartitions {
public:
    SessionPartitions() = default;
    /// Of a partition that is named several times the last one counts, as it does in Kafka.
    explicit SessionPartitions(std::vector<FetchPartition> partitions);
    SessionPartitions(SessionPartitions&&) = default; // not copied: the index points into the list
    SessionPartitions& operator=(SessionPartitions&&) = default;

    /// Adds a partition, or changes what is wanted of one that is there.
    void want(FetchPartition partition);
    void forget(const FetchPartition& partition);
    /// Takes over what the response told; one that got data goes to the end (fairness).
    void told(const FetchPartition& partition, bool had_data);

    std::vector<FetchPartition> in_order() const { return {order_.begin(), order_.end()}; }
    size_t size() const { return order_.size(); }

private:
    struct Hash {
        size_t operator()(const FetchPartition* p) const;
    };
    struct Same {
        bool operator()(const FetchPartition* a, const FetchPartition* b) const {
            return a->same_partition(*b);
        }
    };
    std::list<FetchPartition> order_;
    std::unordered_map<const FetchPartition*, std::list<FetchPartition>::iterator, Hash, Same> by_partition_;
};

/// Which partitions one Fetch request asks for, and how it is to be answered.
struct FetchPlan {
    std::vector<FetchPartition> partitions;
    int32_t session_id = 0;   ///< to be returned; 0: there is no session
    bool incremental = false; ///< leave out partitions with nothing to tell
};

class FetchSessions {
public:
    using Clock = std::chrono::steady_clock;

    /// The partitions that the request means, after opening, continuing or closing a session as it asks; or
    /// the error for the whole response. `version` tells names from ids (13).
    std::variant<FetchPlan, wire::ErrorCode> resolve(const wire::fetch::Request& request, int16_t version,
                                                     Clock::time_point now);

    /// Remembers what the response told of a partition; one that got data goes to the end of the order
    /// (fairness).
    void told(int32_t session_id, const FetchPartition& partition, bool had_data);

    void set_slots(size_t slots) { slots_ = slots; }
    /// Most partitions that all sessions together remember; without room a client is served without a session.
    static constexpr size_t max_partitions = 500'000;
    size_t size() const { return sessions_.size(); }

private:
    struct Session {
        int32_t next_epoch = 1;
        bool uses_topic_ids = false;
        SessionPartitions partitions;
        std::list<int32_t>::iterator recent;
        Clock::time_point last_used;
    };
    std::variant<FetchPlan, wire::ErrorCode> full(const wire::fetch::Request& request, int16_t version,
                                                  Clock::time_point now);
    std::variant<FetchPlan, wire::ErrorCode> continued(const wire::fetch::Request& request, int16_t version,
                                                       Clock::time_point now);
    int32_t open(SessionPartitions partitions, bool uses_topic_ids, Clock::time_point now);
    void close(int32_t id);
    bool make_room(size_t partitions, Clock::time_point now);

    size_t slots_ = 1000;
    size_t partitions_ = 0; ///< of all sessions
    std::unordered_map<int32_t, Session> sessions_;
    std::list<int32_t> recent_; ///< least recently used first
};

} // namespace kafka::api
