#include "group/consumer.h"

namespace kafka::group {

namespace {

constexpr int32_t joins = 0, left_for_a_while = -2;

/// Is this epoch the member's? Also the one before it, as long as the member says that it owns nothing but what it
/// was given since: then it has not got the answer that bore the new one.
bool is_current(const ConsumerMember& member, int32_t epoch, const std::optional<Assignment>& owned) {
    if (epoch == joins || epoch == member.epoch) return true;
    return epoch < member.epoch && epoch == member.previous_epoch && owned && within(*owned, member.assigned);
}

} // namespace

const ConsumerGroup::Member* ConsumerGroup::find(wire::View member_id) const {
    const auto found = members_.find(member_id);
    return found == members_.end() ? nullptr : &found->second;
}

const ConsumerGroup::Member* ConsumerGroup::find_static(const std::optional<std::string>& instance_id) const {
    const auto found = instance_id ? static_members_.find(*instance_id) : static_members_.end();
    return found == static_members_.end() ? nullptr : find(found->second);
}

MemberRow ConsumerGroup::new_member(const std::string& member_id) const {
    MemberRow row;
    row.group_id = row_.group_id;
    row.member_id = member_id;
    row.state = ConsumerMember{};
    return row;
}

/// Unlike in Kafka 4.2 a static member that comes back has its place also where the group is full.
bool ConsumerGroup::is_full_for(const std::string& member_id, const std::optional<std::string>& instance_id,
                                const Settings& settings) const {
    if (find(member_id) || find_static(instance_id)) return false;
    return members_.size() >= size_t(std::max(settings.group_consumer_max_size, 0));
}

/// A static member under another member id, with all that it had until now.
ConsumerGroup::Admitted ConsumerGroup::replacement(const Member& before, const std::string& member_id) {
    Admitted back{before.row, {}};
    if (member_id != before.row.member_id) back.replaces = before.row.member_id;
    back.row.member_id = member_id;
    ConsumerMember& state = std::get<ConsumerMember>(back.row.state);
    state.epoch = state.previous_epoch = 0;
    return back;
}

std::variant<ConsumerGroup::Admitted, ConsumerGroup::Refusal>
ConsumerGroup::admit(const Request& request, const Owned& owned, Turn& turn) const {
    if (is_full_for(request.member_id, request.instance_id, turn.settings))
        return Refusal{ErrorCode::group_max_size_reached, "the group has all the members that it may have"};
    const std::string member_id = request.member_id.empty() ? turn.new_id() : request.member_id;
    if (request.instance_id) return admit_static(request, member_id, owned);

    const Member* known = find(request.member_id);
    if (!known && request.member_epoch != joins)
        return Refusal{ErrorCode::unknown_member_id, "the group has no member " + member_id};
    if (known && !is_current(known->state(), request.member_epoch, owned))
        return Refusal{ErrorCode::fenced_member_epoch,
                       "the member epoch is not the current one: join again with nothing"};
    if (known) return Admitted{known->row, {}};
    return Admitted{new_member(member_id), {}};
}

/// The same for a static member (KIP-345), known by its instance id. When it comes back after it has left for a
/// while, or changes its protocol, it takes over what it had, under its new member id.
std::variant<ConsumerGroup::Admitted, ConsumerGroup::Refusal>
ConsumerGroup::admit_static(const Request& request, const std::string& member_id, const Owned& owned) const {
    const Member* before = find_static(request.instance_id);
    if (request.member_epoch != joins) {
        if (!before)
            return Refusal{ErrorCode::unknown_member_id, "the group has no instance " + *request.instance_id};
        if (before->row.member_id != member_id)
            return Refusal{ErrorCode::fenced_instance_id,
                           "another member has the instance id " + *request.instance_id};
        if (!is_current(before->state(), request.member_epoch, owned))
            return Refusal{ErrorCode::fenced_member_epoch,
                           "the member epoch is not the current one: join again with nothing"};
        return Admitted{before->row, {}};
    }
    if (!before) {
        if (const Member* known = find(member_id)) return Admitted{known->row, {}};
        return Admitted{new_member(member_id), {}};
    }
    if (before->state().epoch != left_for_a_while && !before->state().classic)
        return Refusal{ErrorCode::unreleased_instance_id,
                       "a member still holds the instance id " + *request.instance_id};
    return replacement(*before, member_id);
}

std::variant<ConsumerGroup::HeartbeatResponse, ConsumerGroup::Refusal>
ConsumerGroup::leave(const Request& request, Turn& turn) {
    const Member* member = request.instance_id ? find_static(request.instance_id) : find(request.member_id);
    if (!member) return Refusal{ErrorCode::unknown_member_id, "the group has no such member"};
    if (member->row.member_id != request.member_id)
        return Refusal{ErrorCode::fenced_instance_id,
                       "another member has the instance id " + *request.instance_id};
    HeartbeatResponse response;
    response.member_id = request.member_id;
    response.member_epoch = request.member_epoch;
    if (request.member_epoch == left_for_a_while)
        leave_for_a_while(*member, turn);
    else
        remove_members({request.member_id}, turn);
    return response;
}

/// It keeps its place and its partitions until its session would have ended, except those that it was to give up.
void ConsumerGroup::leave_for_a_while(const Member& member, Turn& turn) {
    MemberRow row = member.row;
    ConsumerMember& state = std::get<ConsumerMember>(row.state);
    state.epoch = left_for_a_while;
    state.pending_revocation.clear();
    members_.find(row.member_id)->second.rebalance_deadline.reset();
    put(std::move(row));
    flush(turn.effects);
}

void ConsumerGroup::remove_members(const std::vector<std::string>& member_ids, Turn& turn) {
    if (member_ids.empty()) return;
    for (const std::string& id : member_ids) remove(id, turn.effects);
    GroupRow row = row_;
    row.epoch++; // the next heartbeat of any member assigns new targets
    if (members_.empty()) row.state_timestamp_ms = turn.now.ms;
    put(std::move(row));
    flush(turn.effects);
}

ErrorCode ConsumerGroup::check_epoch(const Member& member, int32_t epoch) {
    if (member.state().epoch == epoch) return ErrorCode::none;
    return member.state().classic ? ErrorCode::illegal_generation : ErrorCode::stale_member_epoch;
}

ErrorCode ConsumerGroup::check_commit(wire::View member_id, int32_t member_epoch, int16_t version) const {
    constexpr int16_t first_with_member_epoch = 9;
    if (member_epoch < 0 && empty()) return ErrorCode::none;
    const Member* member = find(member_id);
    if (!member) return ErrorCode::unknown_member_id;
    if (version < first_with_member_epoch && !member->state().classic) return ErrorCode::unsupported_version;
    return check_epoch(*member, member_epoch);
}

ErrorCode ConsumerGroup::check_fetch(const std::optional<std::string>& member_id,
                                     int32_t member_epoch) const {
    if (!member_id && member_epoch < 0) return ErrorCode::none;
    const Member* member = member_id ? find(*member_id) : nullptr;
    if (!member) return ErrorCode::unknown_member_id;
    return check_epoch(*member, member_epoch);
}

} // namespace kafka::group
