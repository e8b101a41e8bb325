// See consumer_group.h.
#include "consumer_group.h"

#include "group_requests.h"
#include "statistics.h"

#include <cstdio>
#include <deque>

namespace bench {
namespace {

using namespace wire::consumer_group_heartbeat;

constexpr double seconds_at_most = 60;

class Member {
public:
    Member(const std::string& bootstrap, const std::string& group, std::string id)
        : connection_(bootstrap), group_(group), id_(std::move(id)) {}

    void send_heartbeat(const std::string& topic) {
        Request request = from_member(epoch_);
        if (epoch_ == 0) {
            request.rebalance_timeout_ms = 300000;
            request.subscribed_topic_names = {topic};
        }
        if (std::exchange(owned_changed_, false)) request.topic_partitions = owned_;
        connection_.send(encode(request));
    }
    void receive_heartbeat() {
        const Response response = decode<Request>(connection_.receive());
        check(response.error_code, "consumer group heartbeat");
        epoch_ = response.member_epoch;
        if (!response.assignment) return;
        owned_ = response.assignment->topic_partitions;
        owned_changed_ = true;
    }
    void leave() {
        constexpr int32_t leaves = -1;
        check(ask(connection_, from_member(leaves)).error_code, "leave the group");
    }

    int32_t epoch() const { return epoch_; }
    size_t partitions() const { return owned_.empty() ? 0 : owned_[0].partitions.size(); }
    /// Whether the coordinator knows what it has.
    bool has_said_all() const { return !owned_changed_; }

private:
    Request from_member(int32_t epoch) const {
        Request request;
        request.group_id = group_;
        request.member_id = id_;
        request.member_epoch = epoch;
        return request;
    }

    Connection connection_;
    std::string group_, id_;
    int32_t epoch_ = 0;
    std::vector<TopicPartitions> owned_;
    bool owned_changed_ = true;
};

bool settled(const std::deque<Member>& members, int partitions) {
    const size_t least = size_t(partitions) / members.size(),
                 most = least + (size_t(partitions) % members.size() > 0);
    size_t all = 0;
    for (const Member& member : members) {
        if (member.epoch() != members.front().epoch() || !member.has_said_all()) return false;
        if (member.partitions() < least || member.partitions() > most) return false;
        all += member.partitions();
    }
    return all == size_t(partitions);
}

} // namespace

double settle_consumer_group(const std::string& bootstrap, const std::string& topic, int partitions,
                             int count) {
    const GroupNames groups(bootstrap, 1);
    const std::string& group = groups[0];
    await_coordinators(bootstrap, groups.all());
    std::deque<Member> members;
    for (int i = 0; i < count; i++) members.emplace_back(bootstrap, group, group + "-" + std::to_string(i));
    const auto begun = Clock::now();
    while (!settled(members, partitions)) {
        if (seconds_since(begun) > seconds_at_most) throw std::runtime_error("the group does not settle");
        for (Member& member : members) member.send_heartbeat(topic);
        for (Member& member : members) member.receive_heartbeat();
    }
    const double taken = seconds_since(begun);
    for (Member& member : members) member.leave();
    return taken;
}

} // namespace bench
