// See catalog.h.
#include "log/catalog.h"

#include <algorithm>

namespace kafka::log {
namespace {
std::string metric_name(std::string_view name) {
    std::string folded(name);
    std::replace(folded.begin(), folded.end(), '.', '_');
    return folded;
}
} // namespace

Topic* Catalog::find(std::string_view name) const {
    const auto it = by_name_.find(name);
    return it == by_name_.end() ? nullptr : it->second.get();
}

Topic* Catalog::find(const wire::Uuid& id) const {
    const auto it = by_id_.find(id);
    return it == by_id_.end() ? nullptr : it->second;
}

const Topic* Catalog::find_colliding(std::string_view name) const {
    const auto [begin, end] = by_metric_name_.equal_range(metric_name(name));
    const auto other =
        std::find_if(begin, end, [&](const auto& entry) { return entry.second->name != name; });
    return other == end ? nullptr : other->second;
}

Topic& Catalog::add(Topic topic) {
    remove(topic.id);
    if (const Topic* namesake = find(topic.name)) remove(wire::Uuid(namesake->id));
    auto owned = std::make_unique<Topic>(std::move(topic));
    Topic& added = *owned;
    added.number = ++last_number_;
    by_number_.emplace(added.number, &added);
    by_name_.emplace(added.name, std::move(owned));
    by_id_.emplace(added.id, &added);
    by_metric_name_.emplace(metric_name(added.name), &added);
    return added;
}

void Catalog::remove(const wire::Uuid& id) {
    const Topic* topic = find(id);
    if (!topic) return;
    const auto [begin, end] = by_metric_name_.equal_range(metric_name(topic->name));
    by_metric_name_.erase(std::find_if(begin, end, [&](const auto& entry) { return entry.second == topic; }));
    by_number_.erase(topic->number);
    by_id_.erase(id);
    by_name_.erase(by_name_.find(topic->name));
}

void Catalog::each_newer(uint64_t number, const std::function<void(const Topic&)>& visit) const {
    for (auto at = by_number_.upper_bound(number); at != by_number_.end(); ++at) visit(*at->second);
}

size_t Catalog::count_partitions() const {
    size_t partitions = 0;
    for (const auto& [name, topic] : by_name_) partitions += topic->partitions.size();
    return partitions;
}

void Catalog::clear() {
    by_number_.clear();
    by_metric_name_.clear();
    by_id_.clear();
    by_name_.clear();
}

} // namespace kafka::log
