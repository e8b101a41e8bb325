#include "group/deadlines.h"

namespace kafka::group {

void Deadlines::set(const std::string& name, Time due) {
    const auto [at, added] = by_name_.try_emplace(name, due);
    if (!added) {
        if (at->second == due) return;
        in_order_.erase({at->second, name});
        at->second = due;
    }
    in_order_.emplace(due, name);
}

void Deadlines::cancel(const std::string& name) {
    const auto at = by_name_.find(name);
    if (at == by_name_.end()) return;
    in_order_.erase({at->second, name});
    by_name_.erase(at);
}

std::optional<Time> Deadlines::next() const {
    if (in_order_.empty()) return std::nullopt;
    return in_order_.begin()->first;
}

std::vector<std::string> Deadlines::take_due(Time now, size_t most) {
    std::vector<std::string> due;
    while (!in_order_.empty() && in_order_.begin()->first <= now && due.size() < most) {
        due.push_back(in_order_.begin()->second);
        in_order_.erase(in_order_.begin());
        by_name_.erase(due.back());
    }
    return due;
}

} // namespace kafka::group
