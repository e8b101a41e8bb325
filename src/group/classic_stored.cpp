// What is stored of a classic group.
#include "group/classic.h"

namespace kafka::group {

/// At start rows are all that there is, and the group's own row comes first. Live, what is between generations is
/// not touched, and everything else is already as the rows say.
void ClassicGroup::apply(const GroupRow& row) {
    stored_group_ = row;
    subscribed_.reset();
    if (state_ == State::preparing_rebalance || state_ == State::completing_rebalance) return;
    generation_ = row.epoch;
    protocol_type_ = row.protocol_type;
    protocol_ = row.protocol;
    leader_ = row.leader;
}

void ClassicGroup::apply(const MemberRow& row, const Now& now) {
    subscribed_.reset();
    if (row.removed) {
        stored_members_.erase(row.member_id);
        sessions_.cancel(row.member_id);
        members_.remove(std::string(row.member_id));
        if (members_.empty() && state_ == State::stable) state_ = State::empty;
        return;
    }
    if (!std::holds_alternative<ClassicMember>(row.state))
        return; // not ours: somebody has changed the tables
    stored_members_[row.member_id] = row;
    Member* member = members_.find(row.member_id);
    if (!member) {
        renew_session(now, members_.add(row));
        state_ = State::stable;
    } else if (member->row != row) {
        members_.set_protocols(*member, std::get<ClassicMember>(row.state).protocols);
        member->row = row;
    }
}

void ClassicGroup::write(Turn& turn, GroupRow row) {
    if (stored_group_ == row) return;
    apply(row);
    turn.effects.rows.emplace_back(std::move(row));
}

void ClassicGroup::write(Turn& turn, MemberRow row) {
    const auto at = stored_members_.find(row.member_id);
    if (at != stored_members_.end() && at->second == row) return;
    apply(row, turn.now);
    turn.effects.rows.emplace_back(std::move(row));
}

/// The generation is complete: its members are those that are stored from now on.
void ClassicGroup::store_generation(Turn& turn) {
    GroupRow group;
    group.group_id = id_;
    group.epoch = generation_;
    group.protocol_type = protocol_type_;
    group.protocol = protocol_;
    group.leader = leader_;
    group.state_timestamp_ms = turn.now.ms;
    write(turn, std::move(group));

    std::vector<MemberRow> gone;
    for (const auto& [id, row] : stored_members_)
        if (!members_.find(id)) gone.push_back(row);
    for (MemberRow& row : gone) {
        row.removed = true;
        write(turn, std::move(row));
    }
    for (const Member* member : members_.in_order()) write(turn, member->row);
}

void ClassicGroup::store_group(Turn& turn) {
    if (stored_group_) return;
    GroupRow group;
    group.group_id = id_;
    group.epoch = generation_;
    group.protocol_type = protocol_type_;
    group.state_timestamp_ms = turn.now.ms;
    write(turn, std::move(group));
}

} // namespace kafka::group
