// All topics, by name and by id. Main thread only. Topics do not move in memory while they exist.
#pragma once
#include "log/topic.h"

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

namespace kafka::log {

class Catalog {
public:
    Topic* find(std::string_view name) const;
    Topic* find(const wire::Uuid& id) const;
    /// The topic whose name differs from this one only by `.` against `_`, as Kafka's metric names would
    /// collide.
    const Topic* find_colliding(std::string_view name) const;

    /// How many partitions all topics have together.
    size_t count_partitions() const;

    /// A topic of that name or id takes the place of the one that is there.
    Topic& add(Topic topic);
    void remove(const wire::Uuid& id);
    void clear();

    /// Calls visit(topic) for each topic that was added after the one of this number, the oldest first; 0: for all.
    void each_newer(uint64_t number, const std::function<void(const Topic&)>& visit) const;
    uint64_t newest() const {
        return last_number_;
    } ///< the number of the last one that was added; 0: none was

    /// Sorted by name.
    const std::map<std::string, std::unique_ptr<Topic>, std::less<>>& topics() const { return by_name_; }

private:
    std::map<std::string, std::unique_ptr<Topic>, std::less<>> by_name_;
    std::unordered_map<wire::Uuid, Topic*, wire::UuidHash> by_id_;
    /// With `.` replaced by `_`; SQL sessions can create two topics of one such name at the same time.
    std::unordered_multimap<std::string, Topic*> by_metric_name_;
    std::map<uint64_t, Topic*> by_number_;
    uint64_t last_number_ = 0;
};

} // namespace kafka::log
