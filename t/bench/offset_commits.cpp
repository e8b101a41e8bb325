// See offset_commits.h.
#include "offset_commits.h"

#include "group_requests.h"
#include "topic.h"

namespace bench {

Answered commit_offsets_for(const std::string& bootstrap, int groups, double duration) {
    constexpr int64_t different_offsets = 4;
    const Topic topic(bootstrap, 1);
    const GroupNames names(bootstrap, groups);
    std::vector<RawClient> clients;
    for (const std::string& group : names.all()) {
        RawClient& client = clients.emplace_back();
        for (int64_t offset = 0; offset < different_offsets; offset++)
            client.requests.push_back(encode(commit_request(group, topic.name(), 0, offset)));
        client.check = check_committed;
    }
    await_coordinators(bootstrap, names.all());
    return send_for(bootstrap, clients, 1, duration);
}

} // namespace bench
