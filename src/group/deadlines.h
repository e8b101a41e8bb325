// When something is due, by name: members of a group, groups of the container. Pure.
#pragma once
#include "group/types.h"

#include <set>
#include <unordered_map>

namespace kafka::group {

class Deadlines {
public:
    /// The name is due at that time, and no longer when it was due before.
    void set(const std::string& name, Time due);
    void cancel(const std::string& name);

    /// The earliest of all; none if nothing is ever due.
    std::optional<Time> next() const;
    /// Those that are due, the earliest first, at most so many; they are cancelled.
    std::vector<std::string> take_due(Time now, size_t most = size_t(-1));

private:
    std::set<std::pair<Time, std::string>> in_order_;
    std::unordered_map<std::string, Time> by_name_;
};

} // namespace kafka::group
