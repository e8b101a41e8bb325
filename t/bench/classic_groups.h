// Groups of the classic protocol, whose members are driven in step by one thread. Each has a connection of its own.
#pragma once
#include "group_requests.h"

#include <deque>
#include <memory>

namespace bench {

class ClassicGroups {
public:
    /// Returns when all members of all groups have their parts of the topic.
    ClassicGroups(const std::string& bootstrap, const std::string& topic, int partitions, int groups,
                  int members);
    ClassicGroups(const ClassicGroups&) = delete;
    ClassicGroups& operator=(const ClassicGroups&) = delete;
    ~ClassicGroups();

    /// All members join again, as they do once they hear of a rebalance, the leaders assign; seconds until the last one has got its
    /// part.
    double rebalance();

    size_t size() const { return members_.size(); }
    /// The members of a group are far from each other. The response of the last heartbeat has to be received before the next.
    void send_heartbeat(size_t member);
    void receive_heartbeat(size_t member);

private:
    struct Member {
        explicit Member(const std::string& bootstrap) : connection(bootstrap) {}
        Connection connection;
        size_t group = 0;
        std::string id{};
        int32_t generation = -1;
        std::vector<std::string> followers{}; ///< of the leader: the ids of all members, its own among them
    };
    wire::join_group::Response receive_join(Member& member);
    void send_join(Member& member);
    void get_id(Member& member);
    void join_all();
    void sync_all();
    void leave();

    std::string bootstrap_, topic_;
    int partitions_;
    int round_ = 0; ///< how often all have joined
    GroupNames groups_;
    std::deque<Member> members_; ///< of the groups in turns, so the first ones are of different groups
};

} // namespace bench
