// What all measurements of groups ask for: a coordinator, committed offsets, the end of groups.
#pragma once
#include "requests.h"

#include <span>

namespace bench {

/// Returns when the coordinator of each group answers: Kafka makes the topic for that when it is first asked.
void await_coordinators(const std::string& bootstrap, std::span<const std::string> groups);

/// What a simple consumer commits: the offset of one partition.
wire::offset_commit::Request commit_request(const std::string& group, const std::string& topic,
                                            int32_t partition, int64_t offset);
void check_committed(View response);

/// Of one partition; -1: none.
int64_t committed_offset(Connection& connection, const std::string& group, const std::string& topic,
                         int32_t partition);

/// Names of new groups. What has become of them in the measurement, and has no members, ends with it.
class GroupNames {
public:
    GroupNames(const std::string& bootstrap, int count);
    GroupNames(const GroupNames&) = delete;
    GroupNames& operator=(const GroupNames&) = delete;
    ~GroupNames(); ///< says so if groups stay

    const std::vector<std::string>& all() const { return names_; }
    const std::string& operator[](size_t i) const { return names_[i]; }

private:
    std::string bootstrap_;
    std::vector<std::string> names_;
};

} // namespace bench
