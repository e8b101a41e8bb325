// See waiting.h.
#include "api/waiting.h"

namespace kafka::api {

void Waiting::park(PendingFetch fetch, const std::vector<const void*>& partitions, int64_t bytes_missing,
                   bool for_memory) {
    const Id id = next_id_++;
    if (for_memory) for_memory_.insert(id);
    deadlines_.emplace(fetch.deadline, id);
    by_connection_[fetch.call.connection()] = id;
    for (const void* partition : partitions) by_partition_[partition].insert(id);
    partitions_ += partitions.size();
    parked_.emplace(id, Parked{std::move(fetch), partitions, bytes_missing});
}

void Waiting::appended(const void* partition, size_t bytes) {
    const auto waiters = by_partition_.find(partition);
    if (waiters == by_partition_.end()) return;
    for (const Id id : waiters->second) {
        Parked& parked = parked_.at(id);
        parked.bytes_missing -= int64_t(bytes);
        if (parked.bytes_missing <= 0) ready_.insert(id);
    }
}

void Waiting::changed(const void* partition) {
    const auto waiters = by_partition_.find(partition);
    if (waiters != by_partition_.end()) ready_.insert(waiters->second.begin(), waiters->second.end());
}

void Waiting::connection_closed(uint64_t connection) {
    const auto it = by_connection_.find(connection);
    if (it != by_connection_.end()) remove(it->second);
}

std::vector<PendingFetch> Waiting::take_ready(Clock::time_point now) {
    for (const auto& [deadline, id] : deadlines_) {
        if (deadline > now) break;
        ready_.insert(id);
    }
    std::vector<PendingFetch> taken;
    while (!ready_.empty()) taken.push_back(remove(*ready_.begin()));
    return taken;
}

std::optional<Waiting::Clock::time_point> Waiting::next_deadline() const {
    if (deadlines_.empty()) return std::nullopt;
    return deadlines_.begin()->first;
}

PendingFetch Waiting::remove(Id id) {
    auto node = parked_.extract(id);
    Parked& parked = node.mapped();
    deadlines_.erase({parked.fetch.deadline, id});
    by_connection_.erase(parked.fetch.call.connection());
    ready_.erase(id);
    for_memory_.erase(id);
    partitions_ -= parked.partitions.size();
    for (const void* partition : parked.partitions) {
        const auto waiters = by_partition_.find(partition);
        if (waiters == by_partition_.end()) continue;
        waiters->second.erase(id);
        if (waiters->second.empty()) by_partition_.erase(waiters);
    }
    return std::move(parked.fetch);
}

} // namespace kafka::api
