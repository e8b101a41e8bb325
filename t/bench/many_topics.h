// Topics in numbers, that live as long as one measurement.
#pragma once
#include <string>
#include <vector>

namespace bench {

class ManyTopics {
public:
    /// Returns when a record is in each of their partitions.
    ManyTopics(const std::string& bootstrap, int topics, int partitions);
    ManyTopics(const ManyTopics&) = delete;
    ManyTopics& operator=(const ManyTopics&) = delete;
    ~ManyTopics();

private:
    std::string bootstrap_;
    std::vector<std::string> names_;
};

/// How many topics the broker has. Throws if it, or one of their partitions, cannot be reached.
size_t topics_of(const std::string& bootstrap);

} // namespace bench
