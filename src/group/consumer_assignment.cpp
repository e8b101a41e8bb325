#include "group/consumer.h"

#include <algorithm>

namespace kafka::group {

/// The one that most members wish for, of those that are offered; of several the one offered first.
std::string ConsumerGroup::preferred_assignor(const Settings& settings) const {
    const std::vector<std::string>& offered = settings.group_consumer_assignors;
    std::map<std::string, size_t> votes;
    for (const auto& [id, member] : members_)
        if (member.state().assignor) votes[*member.state().assignor]++;
    const auto best = std::max_element(offered.begin(), offered.end(), [&](const auto& a, const auto& b) {
        return votes[a] < votes[b]; // the first of the largest
    });
    return best == offered.end() ? "uniform" : *best;
}

/// Makes the targets of all members for the group's epoch.
void ConsumerGroup::assign_targets(Turn& turn) {
    SubscribedTopics subscribed(turn.topics, regexes_);
    std::vector<AssignorMember> specs;
    for (const auto& [id, member] : members_) {
        const std::optional<std::string>& instance = member.row.instance_id;
        specs.push_back(
            {&id, instance ? &*instance : nullptr, &subscribed.of(member.state()), &member.state().target});
    }
    regexes_.keep_only(subscribed.regexes());
    const Assignor assignor = find_assignor(preferred_assignor(turn.settings));
    std::vector<Assignment> targets = (assignor ? assignor : assign_uniform)(specs, subscribed.counts());
    for (size_t i = 0; i < specs.size(); i++) {
        const Member& member = *find(*specs[i].member_id);
        if (member.state().target == targets[i]) continue;
        MemberRow row = member.row;
        std::get<ConsumerMember>(row.state).target = std::move(targets[i]);
        put(std::move(row));
    }
    GroupRow row = row_;
    row.assignment_epoch = row.epoch;
    row.metadata_hash = subscribed.hash();
    put(std::move(row));
}

bool ConsumerGroup::reconciled(const ConsumerMember& member) const {
    return member.epoch == row_.assignment_epoch && member.pending_revocation.empty() &&
           member.assigned == member.target;
}

/// Leads a member as far towards its target as it can go now.
void ConsumerGroup::reconcile(const std::string& member_id, const Owned& owned, bool subscription_changed,
                              Turn& turn) {
    Member& self = members_.find(member_id)->second;
    if (reconciled(self.state())) return;
    MemberRow row = self.row;
    ConsumerMember& member = std::get<ConsumerMember>(row.state);
    const bool has_to_give_up =
        !member.pending_revocation.empty() && (!owned || !disjoint(*owned, member.pending_revocation));
    if (!has_to_give_up)
        move_on(member, &self, owned);
    else if (subscription_changed)
        give_up_unsubscribed(member, turn.topics);
    if (row == self.row) return;

    if (member.pending_revocation.empty())
        self.rebalance_deadline.reset();
    else
        self.rebalance_deadline = turn.now.time + milliseconds(std::max(row.rebalance_timeout_ms, 0));
    put(std::move(row));
}

/// What the member had to give up is free. It keeps its epoch while there is more to give up; else it has arrived
/// in the epoch of the target and gets what nobody else has, the rest as it becomes free.
void ConsumerGroup::move_on(ConsumerMember& member, const Member* self, const Owned& owned) const {
    const Assignment kept = common(member.assigned, member.target);
    Assignment revoked = without(member.assigned, member.target);
    if (!revoked.empty() && (!owned || !disjoint(*owned, revoked))) {
        member.assigned = kept;
        member.pending_revocation = std::move(revoked);
        return;
    }
    member.assigned = united(kept, free_for(self, without(member.target, kept)));
    member.pending_revocation.clear();
    if (member.epoch == row_.assignment_epoch) return;
    member.previous_epoch = member.epoch;
    member.epoch = row_.assignment_epoch;
}

/// A member that has not given up everything yet is not led to its new target; but it shall not go on with topics
/// that it no longer subscribes to.
void ConsumerGroup::give_up_unsubscribed(ConsumerMember& member, const TopicLookup& topics) {
    SubscribedTopics subscribed(topics, regexes_);
    const std::vector<wire::Uuid>& ids = subscribed.of(member);
    member.pending_revocation = united(member.pending_revocation, of_topics(member.assigned, ids, false));
    member.assigned = of_topics(member.assigned, ids);
}

Assignment ConsumerGroup::free_for(const Member* self, const Assignment& wanted) const {
    Assignment free = wanted;
    for (TopicPartitions& topic : free)
        std::erase_if(topic.partitions, [&](int32_t partition) {
            const auto owner = owners_.find({topic.topic_id, partition});
            return owner != owners_.end() && owner->second != self;
        });
    std::erase_if(free, [](const TopicPartitions& topic) { return topic.partitions.empty(); });
    return free;
}

} // namespace kafka::group
