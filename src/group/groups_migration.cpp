// Groups with members that change their kind.
#include "group/groups.h"
#include "group/migration.h"

namespace kafka::group {

/// Tried on the side: where the new member is refused nothing has happened. Returns why the group stays classic, if it
/// must; then the request is still to be answered.
const char* Groups::upgrade(Turn& turn, const Caller& caller, const ConsumerGroup::Request& request,
                            ClassicGroup& classic) {
    if (const char* why = why_not_upgrade(classic, turn.settings)) return why;
    auto converted = upgraded(classic, turn.topics);
    if (const char** why = std::get_if<const char*>(&converted)) return *why;
    Effects effects;
    effects.rows = std::get<std::vector<Row>>(std::move(converted));

    ConsumerGroup consumer(request.group_id);
    for (const Row& row : effects.rows)
        if (const GroupRow* of_group = std::get_if<GroupRow>(&row))
            consumer.apply(*of_group);
        else if (const MemberRow* of_member = std::get_if<MemberRow>(&row))
            consumer.apply(*of_member, turn.now);
    Turn trial{turn.now, turn.settings, turn.topics, turn.new_id, turn.has_pending_offsets, effects};
    consumer.heartbeat(trial, caller, request);
    const bool refused = consumer.consumer_members() == 0;
    if (refused) effects.rows.clear();
    turn.effects.append(std::move(effects));
    if (refused) return nullptr;

    classic.dismiss(turn);
    get(request.group_id)->kind = std::move(consumer);
    return nullptr;
}

void Groups::downgrade_if_due(Turn& turn, const std::string& group_id) {
    const ConsumerGroup* consumer = find_consumer(group_id);
    if (!consumer || !due_for_downgrade(*consumer, turn.settings)) return;
    for (Row& row : downgraded(*consumer, turn.topics, turn.now.ms)) {
        apply(row, turn.now);
        turn.effects.rows.push_back(std::move(row));
    }
    find_classic(group_id)->tick(turn); // the rebalance begins
}

} // namespace kafka::group
