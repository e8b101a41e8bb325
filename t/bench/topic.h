// A topic that lives as long as one measurement.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// One that no other topic or group has.
std::string new_name();

using TopicConfigs = std::vector<std::pair<std::string, std::string>>;

class Topic {
public:
    /// Returns when all partitions can be written to.
    Topic(const std::string& bootstrap, int partitions, const TopicConfigs& configs = {});
    Topic(const Topic&) = delete;
    Topic& operator=(const Topic&) = delete;
    ~Topic();

    const std::string& name() const { return name_; }
    /// The end of its first partition.
    int64_t end() const;

private:
    std::string bootstrap_, name_;
};

} // namespace bench
