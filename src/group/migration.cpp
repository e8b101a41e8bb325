#include "group/migration.h"

#include <algorithm>

namespace kafka::group {

namespace {

/// A member on its way into a consumer group.
struct Converted {
    MemberRow row;
    Assignment claimed; ///< what it said that it has when it joined last
    ConsumerMember& state() { return std::get<ConsumerMember>(row.state); }
};

/// With what it was assigned last; or why that cannot be.
std::variant<Converted, const char*> convert(const Member& member, int32_t generation,
                                             const TopicLookup& topics) {
    const wire::View assigned = view_of(member.classic().assignment);
    const auto subscription = read_subscription(view_of(member.classic().preferred().metadata));
    const auto assignment = assigned.empty() ? EmbeddedAssignment() : read_assignment(assigned);
    if (!subscription || !assignment) return "the bytes of a member are not those of a consumer";
    if (assignment->has_user_data) return "what the assignor of its members keeps with them would be lost";

    ConsumerMember state;
    state.topics = subscription->topics;
    state.epoch = state.previous_epoch = generation;
    state.assigned = by_id(assignment->partitions, topics);
    state.classic = ClassicMember{member.classic().protocols, nullptr};
    Converted converted{member.row, by_id(subscription->owned, topics)};
    converted.row.rack_id = subscription->rack_id;
    converted.row.rebalance_timeout_ms = std::max(member.row.rebalance_timeout_ms, 0);
    converted.row.state = std::move(state);
    return converted;
}

/// No partition has two owners, whatever the leader has assigned. Who has been told to give something up, and may not
/// have heard of it or done so yet, has it until it joins without it.
void settle_owners(std::vector<Converted>& members) {
    Assignment taken;
    for (Converted& member : members) {
        Assignment& assigned = member.state().assigned;
        assigned = without(assigned, taken);
        member.state().target = assigned;
        taken = united(taken, assigned);
    }
    for (Converted& member : members) {
        member.state().pending_revocation = without(member.claimed, taken);
        taken = united(taken, member.claimed);
    }
}

MemberRow downgraded(MemberRow row, const TopicLookup& topics) {
    const ConsumerMember& state = std::get<ConsumerMember>(row.state);
    ClassicMember classic = *state.classic;
    const auto subscription = read_subscription(view_of(classic.preferred().metadata));
    classic.assignment = copy_bytes(
        write_assignment(subscription ? subscription->version : int16_t(0), by_name(state.target, topics)));
    row.rack_id.reset();
    row.state = std::move(classic);
    return row;
}

/// Of the first of its protocols that all have.
std::string common_protocol(const std::vector<MemberRow>& rows) {
    ClassicMembers members;
    for (const MemberRow& row : rows) members.add(row);
    return members.select_protocol();
}

} // namespace

const char* why_not_upgrade(const ClassicGroup& group, const Settings& settings) {
    const MigrationPolicy policy = settings.group_consumer_migration_policy;
    if (policy != MigrationPolicy::upgrade && policy != MigrationPolicy::bidirectional)
        return "the group has members of the classic protocol, and group.consumer.migration.policy keeps it "
               "so";
    if (group.protocol_type() != consumer_protocol_type)
        return "the group has members that are not consumers";
    if (group.members().size() > size_t(std::max(settings.group_consumer_max_size, 0)))
        return "the group has more members of the classic protocol than a consumer group may have";
    return nullptr;
}

std::variant<std::vector<Row>, const char*> upgraded(const ClassicGroup& group, const TopicLookup& topics) {
    GroupRow as_group;
    as_group.group_id = group.id();
    as_group.type = GroupType::consumer;
    as_group.epoch = as_group.assignment_epoch = group.generation();
    as_group.protocol_type = group.protocol_type();
    if (group.stored_group()) as_group.state_timestamp_ms = group.stored_group()->state_timestamp_ms;

    std::vector<Converted> members;
    for (const Member* member : group.members().in_order()) {
        if (member->is_new) continue;
        auto converted = convert(*member, group.generation(), topics);
        if (const char** why = std::get_if<const char*>(&converted)) return *why;
        members.push_back(std::get<Converted>(std::move(converted)));
    }
    settle_owners(members);

    std::vector<Row> rows{as_group};
    std::set<std::string> kept;
    for (Converted& member : members) {
        kept.insert(member.row.member_id);
        rows.emplace_back(std::move(member.row));
    }
    for (const auto& [id, stored] : group.stored_members()) {
        if (kept.contains(id)) continue;
        MemberRow gone = stored;
        gone.removed = true;
        rows.emplace_back(std::move(gone));
    }
    return rows;
}

bool due_for_downgrade(const ConsumerGroup& group, const Settings& settings) {
    const MigrationPolicy policy = settings.group_consumer_migration_policy;
    return group.consumer_members() == 0 && !group.empty() &&
           (policy == MigrationPolicy::downgrade || policy == MigrationPolicy::bidirectional) &&
           group.classic_members() <= size_t(std::max(settings.group_max_size, 1));
}

/// The generation is that of the targets, which the members are in or on their way to.
std::vector<Row> downgraded(const ConsumerGroup& group, const TopicLookup& topics, int64_t now_ms) {
    std::vector<MemberRow> members;
    for (MemberRow& row : group.member_rows()) members.push_back(downgraded(std::move(row), topics));
    GroupRow as_group;
    as_group.group_id = group.row().group_id;
    as_group.epoch = group.row().assignment_epoch;
    as_group.protocol_type = group.row().protocol_type;
    as_group.state_timestamp_ms = now_ms;
    if (group.stable()) {
        as_group.protocol = common_protocol(members);
        as_group.leader = members.front().member_id;
    }
    std::vector<Row> rows{as_group};
    rows.insert(rows.end(), members.begin(), members.end());
    return rows;
}

} // namespace kafka::group
