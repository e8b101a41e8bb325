#include "group/groups.h"

namespace kafka::group {

bool is_empty(const Group& group) {
    return std::visit([](const auto& kind) { return kind.empty(); }, group.kind);
}

Group* Groups::get(const std::string& group_id) {
    const auto at = groups_.find(group_id);
    return at == groups_.end() ? nullptr : &at->second;
}

const Group* Groups::find(const std::string& group_id) const {
    return const_cast<Groups*>(this)->get(group_id);
}

/// A new group is a classic one, which can become anything as long as it is empty.
Group& Groups::find_or_add(const std::string& group_id) {
    if (Group* known = get(group_id)) return *known;
    return groups_.try_emplace(group_id, Group{ClassicGroup(group_id), {}}).first->second;
}

ClassicGroup* Groups::find_classic(const std::string& group_id) {
    Group* group = get(group_id);
    return group ? std::get_if<ClassicGroup>(&group->kind) : nullptr;
}

ConsumerGroup* Groups::find_consumer(const std::string& group_id) {
    Group* group = get(group_id);
    return group ? std::get_if<ConsumerGroup>(&group->kind) : nullptr;
}

/// After a request or some time.
void Groups::finish(Turn& turn, const std::string& group_id) {
    downgrade_if_due(turn, group_id);
    settle(group_id);
}

/// After anything has happened to a group: its next deadline is known, and it is forgotten if nothing is left.
void Groups::settle(const std::string& group_id) {
    const Group* group = find(group_id);
    const bool forgettable = group && group->offsets.empty() &&
                             std::visit([](const auto& kind) { return kind.forgettable(); }, group->kind);
    if (forgettable) groups_.erase(group_id);
    if (!group || forgettable) return deadlines_.cancel(group_id);
    const auto next = std::visit([](const auto& kind) { return kind.next_deadline(); }, group->kind);
    if (next)
        deadlines_.set(group_id, *next);
    else
        deadlines_.cancel(group_id);
}

void Groups::tick(Turn& turn) {
    for (const std::string& id : deadlines_.take_due(turn.now.time, groups_per_tick)) {
        std::visit([&](auto& kind) { kind.tick(turn); }, get(id)->kind);
        finish(turn, id);
    }
    remove_offsets_of_deleted_topics(turn);
    expire_offsets(turn);
}

Time Groups::next_deadline() const {
    Time next = expiry_.due.value_or(Time::max());
    for (const auto& due : {deadlines_.next(), removal_.due})
        if (due) next = std::min(next, *due);
    return next;
}

void Groups::apply(const Row& row, const Now& now) {
    std::visit([&](const auto& of_a_kind) { apply(of_a_kind, now); }, row);
}

/// A group that the row says is of the other kind is replaced and keeps its offsets; its members' rows follow.
void Groups::apply(const GroupRow& row, const Now&) {
    if (row.removed) {
        groups_.erase(row.group_id);
        return settle(row.group_id);
    }
    Kind& kind = find_or_add(row.group_id).kind;
    const bool is_consumer = std::holds_alternative<ConsumerGroup>(kind);
    if (row.type == GroupType::consumer && !is_consumer)
        kind = ConsumerGroup(row.group_id);
    else if (row.type == GroupType::classic && is_consumer)
        kind = ClassicGroup(row.group_id);
    std::visit([&](auto& group) { group.apply(row); }, kind);
    settle(row.group_id);
}

/// A member without its group, or of the other kind, is not ours: somebody has changed the tables.
void Groups::apply(const MemberRow& row, const Now& now) {
    Group* group = get(row.group_id);
    if (!group) return;
    std::visit([&](auto& kind) { kind.apply(row, now); }, group->kind);
    settle(row.group_id);
}

void Groups::apply(const OffsetRow& row, const Now&) { find_or_add(row.group_id).offsets.apply(row); }

void Groups::remove(Turn& turn, const std::string& group_id) {
    GroupRow row;
    row.group_id = group_id;
    row.removed = true;
    apply(row, turn.now);
    turn.effects.rows.emplace_back(std::move(row));
}

std::vector<Ticket> Groups::drop(const std::string& group_id) {
    const Group* group = find(group_id);
    if (!group) return {};
    auto waiting = std::visit([](const auto& kind) { return kind.tickets(); }, group->kind);
    groups_.erase(group_id);
    settle(group_id);
    return waiting;
}

} // namespace kafka::group
