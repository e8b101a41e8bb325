// Calls that wait: Fetch requests whose data are not there yet. Each has a deadline, and is woken when enough
// bytes have been appended to its partitions or one of them has changed otherwise; or, where there was no memory for its
// answer, when there is some. Main thread only.
#pragma once
#include "api/call.h"
#include "api/fetch_sessions.h"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace kafka::api {

/// A Fetch request that has been resolved and may be answered now or later.
struct PendingFetch {
    Call call;
    FetchPlan plan;
    std::chrono::steady_clock::time_point deadline;
};

class Waiting {
public:
    using Clock = std::chrono::steady_clock;

    /// Most partitions that all parked fetches together wait for: it bounds their memory.
    static constexpr size_t max_partitions = 500'000;
    /// False if a fetch of so many partitions cannot be parked.
    bool has_room(size_t partitions) const { return partitions_ + partitions <= max_partitions; }
    /// Parks a fetch until `bytes_missing` more bytes have been appended to any of the partitions, or its
    /// deadline. A partition is named by the address of its tail, which lives as long as the partition.
    void park(PendingFetch fetch, const std::vector<const void*>& partitions, int64_t bytes_missing,
              bool for_memory);

    /// This many bytes have been appended to the partition.
    void appended(const void* partition, size_t bytes);
    /// Something other than an append has happened to the partition: its waiters look again.
    void changed(const void* partition);
    /// The client is gone: whatever it waits for is dropped.
    void connection_closed(uint64_t connection);

    /// Fetches that are to be looked at again, because of their partitions or their deadline.
    std::vector<PendingFetch> take_ready(Clock::time_point now);
    /// How many wait for memory.
    size_t for_memory() const { return for_memory_.size(); }
    /// The first of those that wait for memory; there must be one.
    PendingFetch take_for_memory() { return remove(*for_memory_.begin()); }
    /// When take_ready() has something next, whatever happens.
    std::optional<Clock::time_point> next_deadline() const;
    size_t size() const { return parked_.size(); }

private:
    using Id = uint64_t;
    struct Parked {
        PendingFetch fetch;
        std::vector<const void*> partitions;
        int64_t bytes_missing;
    };
    PendingFetch remove(Id id);

    Id next_id_ = 1;
    size_t partitions_ = 0; ///< of all that are parked
    std::unordered_map<Id, Parked> parked_;
    std::set<std::pair<Clock::time_point, Id>> deadlines_;
    std::unordered_map<const void*, std::unordered_set<Id>> by_partition_;
    std::unordered_map<uint64_t, Id> by_connection_; ///< a connection waits for one answer at a time
    std::set<Id> ready_, for_memory_;
};

} // namespace kafka::api
