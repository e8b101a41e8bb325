#include "group/config.h"
#include "group/consumer.h"

#include <algorithm>

namespace kafka::group {

namespace {

/// Of the group; members of the classic protocol have their own.
milliseconds session_timeout(const MemberRow& row, const Settings& settings) {
    if (std::get<ConsumerMember>(row.state).classic) return milliseconds(row.session_timeout_ms);
    return milliseconds(session_timeout_ms(row.group_id, settings));
}

template <class Visit> void each_partition(const Assignment& all, Visit visit) {
    for (const TopicPartitions& topic : all)
        for (const int32_t partition : topic.partitions) visit(TopicPartition{topic.topic_id, partition});
}

wire::consumer_group_describe::Assignment describe(const Assignment& all, const TopicLookup& topics) {
    wire::consumer_group_describe::Assignment described;
    for (const TopicPartitions& t : all)
        if (const std::optional<TopicInfo> topic = topics.by_id(t.topic_id))
            described.topic_partitions.push_back({t.topic_id, std::string(topic->name), t.partitions});
    return described;
}

} // namespace

ConsumerGroup::ConsumerGroup(std::string group_id) {
    row_.group_id = std::move(group_id);
    row_.type = GroupType::consumer;
    row_.protocol_type = "consumer";
}

void ConsumerGroup::apply(const MemberRow& row, const Now& now) {
    set(row);
    const auto found = members_.find(row.member_id);
    if (found != members_.end() && !found->second.counting) deadlines_.set(row.member_id, now.time);
}

/// The only way in which members change.
void ConsumerGroup::set(const MemberRow& row) {
    const auto known = members_.find(row.member_id);
    if (known != members_.end()) {
        release(known->second);
        classic_members_ -= known->second.state().classic.has_value();
        const std::optional<std::string>& instance = known->second.row.instance_id;
        const auto held = instance ? static_members_.find(*instance) : static_members_.end();
        if (held != static_members_.end() && held->second == row.member_id) static_members_.erase(held);
    }
    if (row.removed) {
        if (known != members_.end()) members_.erase(known);
        deadlines_.cancel(row.member_id);
        if (members_.empty()) regexes_ = {};
        return;
    }
    Member& member = members_[row.member_id];
    member.row = row;
    if (!std::holds_alternative<ConsumerMember>(row.state)) member.row.state = ConsumerMember{};
    if (row.instance_id) static_members_[*row.instance_id] = row.member_id;
    classic_members_ += member.state().classic.has_value();
    claim(member);
}

void ConsumerGroup::claim(const Member& member) {
    const auto take = [&](const TopicPartition& p) { owners_[p] = &member; };
    each_partition(member.state().assigned, take);
    each_partition(member.state().pending_revocation, take);
}

void ConsumerGroup::release(const Member& member) {
    const auto drop = [&](const TopicPartition& p) {
        const auto owner = owners_.find(p);
        if (owner != owners_.end() && owner->second == &member) owners_.erase(owner);
    };
    each_partition(member.state().assigned, drop);
    each_partition(member.state().pending_revocation, drop);
}

void ConsumerGroup::put(GroupRow row) {
    apply(row);
    row_touched_ = true;
}

void ConsumerGroup::put(MemberRow row) {
    set(row);
    touched_.insert(std::move(row.member_id));
}

void ConsumerGroup::remove(const std::string& member_id, Effects& effects) {
    MemberRow row;
    row.group_id = row_.group_id;
    row.member_id = member_id;
    row.removed = true;
    touched_.erase(member_id);
    set(row);
    effects.rows.push_back(std::move(row));
}

/// Hands out what has changed, each row once, however often it has changed in a request.
void ConsumerGroup::flush(Effects& effects) {
    if (std::exchange(row_touched_, false)) effects.rows.push_back(row_);
    for (const std::string& id : std::exchange(touched_, {})) effects.rows.push_back(find(id)->row);
}

std::vector<MemberRow> ConsumerGroup::member_rows() const {
    std::vector<MemberRow> rows;
    for (const auto& [id, member] : members_) rows.push_back(member.row);
    return rows;
}

void ConsumerGroup::heard_of(Member& member, Time now, const Settings& settings) {
    member.session_deadline = now + session_timeout(member.row, settings);
    if (!std::exchange(member.counting, true) && !member.state().pending_revocation.empty())
        member.rebalance_deadline = now + milliseconds(std::max(member.row.rebalance_timeout_ms, 0));
    arm(member);
}

void ConsumerGroup::arm(const Member& member) { deadlines_.set(member.row.member_id, member.deadline()); }

std::optional<Time> ConsumerGroup::next_deadline() const { return deadlines_.next(); }

/// A deadline that is over without the member's being late was taken back since.
void ConsumerGroup::tick(Turn& turn) {
    std::vector<std::string> overdue;
    for (const std::string& member_id : deadlines_.take_due(turn.now.time)) {
        Member& member = members_.find(member_id)->second;
        if (!member.counting)
            heard_of(member, turn.now.time, turn.settings);
        else if (member.deadline() <= turn.now.time)
            overdue.push_back(member_id);
        else
            arm(member);
    }
    remove_members(overdue, turn);
}

bool ConsumerGroup::subscribed_to(const TopicInfo& topic, const TopicLookup& topics) const {
    const auto contains = [](const auto& sorted, const auto& value) {
        return std::binary_search(sorted.begin(), sorted.end(), value);
    };
    return std::any_of(members_.begin(), members_.end(), [&](const auto& entry) {
        const ConsumerMember& member = entry.second.state();
        return contains(member.topics, topic.name) ||
               (member.topic_regex && contains(regexes_.topics(*member.topic_regex, topics), topic.id));
    });
}

const char* ConsumerGroup::state_name() const {
    if (members_.empty()) return "Empty";
    if (row_.epoch > row_.assignment_epoch) return "Assigning";
    return stable() ? "Stable" : "Reconciling";
}

bool ConsumerGroup::stable() const {
    return row_.epoch == row_.assignment_epoch &&
           std::all_of(members_.begin(), members_.end(),
                       [&](const auto& entry) { return reconciled(entry.second.state()); });
}

wire::consumer_group_describe::DescribedGroup ConsumerGroup::describe(const TopicLookup& topics,
                                                                      const Settings& settings) const {
    constexpr int8_t classic_type = 0, consumer_type = 1;
    wire::consumer_group_describe::DescribedGroup group;
    group.group_id = row_.group_id;
    group.group_state = state_name();
    group.group_epoch = row_.epoch;
    group.assignment_epoch = row_.assignment_epoch;
    group.assignor_name = preferred_assignor(settings);
    for (const auto& [id, member] : members_) {
        const ConsumerMember& state = member.state();
        wire::consumer_group_describe::Member& described = group.members.emplace_back();
        described.member_id = id;
        described.instance_id = member.row.instance_id;
        described.rack_id = member.row.rack_id;
        described.member_epoch = state.epoch;
        described.client_id = member.row.client_id;
        described.client_host = member.row.client_host;
        described.subscribed_topic_names = state.topics;
        described.subscribed_topic_regex = state.topic_regex.value_or("");
        described.assignment = group::describe(state.assigned, topics);
        described.target_assignment = group::describe(state.target, topics);
        described.member_type = state.classic ? classic_type : consumer_type;
    }
    return group;
}

} // namespace kafka::group
