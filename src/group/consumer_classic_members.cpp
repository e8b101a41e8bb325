// Members of a consumer group that speak the classic protocol (KIP-848, online upgrade and downgrade).
#include "group/classic_requests.h"
#include "group/consumer.h"
#include "group/limits.h"

#include <algorithm>

namespace kafka::group {

namespace {

using JoinRequest = wire::join_group::Request;

void take_over(MemberRow& row, const Caller& caller, const JoinRequest& request,
               const Subscription& subscription) {
    ConsumerMember& member = std::get<ConsumerMember>(row.state);
    if (request.group_instance_id) row.instance_id = request.group_instance_id;
    if (subscription.rack_id) row.rack_id = subscription.rack_id;
    row.session_timeout_ms = request.session_timeout_ms;
    row.rebalance_timeout_ms = std::max(rebalance_timeout_of(caller, request), 0);
    row.client_id = caller.client.id;
    row.client_host = caller.client.host;
    member.topics = subscription.topics;
    member.topic_regex.reset();
    member.classic = ClassicMember{protocols_of(request), nullptr};
}

} // namespace

void ConsumerGroup::join(Turn& turn, const Caller& caller, const JoinRequest& request) {
    const ErrorCode error = check_join(request, turn.settings);
    if (error != ErrorCode::none) return refuse(turn, caller, request, error);
    if (needs_member_id(caller, request))
        return turn.effects.reply(caller.ticket, refused_join(ErrorCode::member_id_required, turn.new_id()));
    const auto admission = admit(request, turn);
    const Admitted* admitted = std::get_if<Admitted>(&admission);
    if (!admitted) return refuse(turn, caller, request, std::get<ErrorCode>(admission));

    const Subscription subscription = *read_subscription(request.protocols.front().metadata);
    MemberRow row = admitted->row;
    take_over(row, caller, request, subscription);
    take_in(*admitted, std::move(row), by_id(subscription.owned, turn.topics), turn);

    Member& member = members_.find(admitted->row.member_id)->second;
    member.join_deadline.reset();
    member.sync_deadline = turn.now.time + milliseconds(member.row.rebalance_timeout_ms);
    heard_of(member, turn.now.time, turn.settings);
    flush(turn.effects);

    wire::join_group::Response response;
    response.generation_id = member.state().epoch;
    response.protocol_type = row_.protocol_type;
    response.protocol_name = member.state().classic->preferred().name;
    response.member_id = member.row.member_id;
    turn.effects.reply(caller.ticket, std::move(response));
}

ErrorCode ConsumerGroup::check_join(const JoinRequest& request, const Settings& settings) const {
    if (settings.group_consumer_migration_policy == MigrationPolicy::disabled)
        return ErrorCode::inconsistent_group_protocol;
    if (!storable_member_id(request.member_id)) return ErrorCode::unknown_member_id;
    if (is_full_for(request.member_id, request.group_instance_id, settings))
        return ErrorCode::group_max_size_reached;
    if (!supports(request) || !read_subscription(request.protocols.front().metadata))
        return ErrorCode::inconsistent_group_protocol;
    return ErrorCode::none;
}

/// Whether all who are classic members already have a protocol in common with it, so that they could be a classic
/// group again.
bool ConsumerGroup::supports(const JoinRequest& request) const {
    const auto all_have = [&](const auto& protocol) {
        return std::all_of(members_.begin(), members_.end(), [&](const auto& entry) {
            const auto& classic = entry.second.state().classic;
            return !classic ||
                   std::any_of(classic->protocols.begin(), classic->protocols.end(),
                               [&](const Protocol& known) { return known.name == protocol.name; });
        });
    };
    return request.protocol_type == consumer_protocol_type &&
           std::any_of(request.protocols.begin(), request.protocols.end(), all_have);
}

/// Member ids were given out without being noted, so that each is welcome.
std::variant<ConsumerGroup::Admitted, ErrorCode> ConsumerGroup::admit(const JoinRequest& request,
                                                                      Turn& turn) const {
    const bool comes_back = !request.member_id.empty();
    const std::string member_id = comes_back ? request.member_id : turn.new_id();
    if (request.group_instance_id) {
        const Member* before = find_static(request.group_instance_id);
        if (before && !comes_back) return replacement(*before, member_id);
        if (comes_back && !before) return ErrorCode::unknown_member_id;
        if (before && before->row.member_id != member_id) return ErrorCode::fenced_instance_id;
    }
    if (const Member* known = find(member_id)) return Admitted{known->row, {}};
    return Admitted{new_member(member_id), {}};
}

ErrorCode ConsumerGroup::check_classic(const std::string& member_id,
                                       const std::optional<std::string>& instance_id,
                                       int32_t generation) const {
    const Member* member = instance_id ? find_static(instance_id) : find(member_id);
    if (!member) return ErrorCode::unknown_member_id;
    if (member->row.member_id != member_id) return ErrorCode::fenced_instance_id;
    if (!member->state().classic) return ErrorCode::unknown_member_id;
    return check_epoch(*member, generation);
}

ErrorCode ConsumerGroup::check_sync(const wire::sync_group::Request& request) const {
    const ErrorCode error =
        check_classic(request.member_id, request.group_instance_id, request.generation_id);
    if (error != ErrorCode::none) return error;
    const ConsumerMember& member = find(request.member_id)->state();
    if ((request.protocol_type && *request.protocol_type != row_.protocol_type) ||
        (request.protocol_name && *request.protocol_name != member.classic->preferred().name))
        return ErrorCode::inconsistent_group_protocol;
    // Who has to give something up first learns of it here, and goes on from there.
    const bool outdated = member.epoch < row_.epoch && member.pending_revocation.empty();
    return outdated ? ErrorCode::rebalance_in_progress : ErrorCode::none;
}

void ConsumerGroup::sync(Turn& turn, const Caller& caller, const wire::sync_group::Request& request) {
    const ErrorCode error = check_sync(request);
    const auto found = members_.find(request.member_id);
    if (error == ErrorCode::rebalance_in_progress) expect_join(found->second, turn.now.time);
    if (error != ErrorCode::none) return refuse(turn, caller, request, error);
    Member& member = found->second;
    member.sync_deadline.reset();
    heard_of(member, turn.now.time, turn.settings);

    const std::optional<Subscription> subscription =
        read_subscription(view_of(member.state().classic->preferred().metadata));
    wire::sync_group::Response response;
    response.protocol_type = request.protocol_type;
    response.protocol_name = request.protocol_name;
    response.assignment = slice_of(copy_bytes(write_assignment(
        subscription ? subscription->version : int16_t(0), by_name(member.state().assigned, turn.topics))));
    turn.effects.reply(caller.ticket, std::move(response));
}

void ConsumerGroup::heartbeat(Turn& turn, const Caller& caller, const wire::heartbeat::Request& request) {
    ErrorCode error = check_classic(request.member_id, request.group_instance_id, request.generation_id);
    if (error != ErrorCode::none) return refuse(turn, caller, request, error);
    advance_epoch(false, false, turn);
    flush(turn.effects);
    Member& member = members_.find(request.member_id)->second;
    heard_of(member, turn.now.time, turn.settings);
    if (has_to_join_again(member)) {
        error = ErrorCode::rebalance_in_progress;
        expect_join(member, turn.now.time);
    }
    turn.effects.reply(caller.ticket, wire::heartbeat::Response{0, error});
}

/// Because there is a new target, because it has to give something up, or because all that it waited for is free.
bool ConsumerGroup::has_to_join_again(const Member& member) const {
    const ConsumerMember& state = member.state();
    if (state.epoch < row_.epoch || !state.pending_revocation.empty()) return true;
    const Assignment missing = without(state.target, state.assigned);
    return !missing.empty() && free_for(&member, missing) == missing;
}

void ConsumerGroup::expect_join(Member& member, Time now) {
    if (member.join_deadline) return;
    member.join_deadline = now + milliseconds(std::max(member.row.rebalance_timeout_ms, 0));
    arm(member);
}

/// As in Kafka a tool may remove members of either protocol, static ones by their instance id alone.
std::variant<const ConsumerGroup::Member*, ErrorCode>
ConsumerGroup::find_leaving(const wire::leave_group::MemberIdentity& identity) const {
    const Member* member =
        identity.group_instance_id ? find_static(identity.group_instance_id) : find(identity.member_id);
    if (!member) return ErrorCode::unknown_member_id;
    const bool by_instance = identity.group_instance_id && identity.member_id.empty();
    if (!by_instance && member->row.member_id != identity.member_id) return ErrorCode::fenced_instance_id;
    return member;
}

void ConsumerGroup::leave(Turn& turn, const Caller& caller, const wire::leave_group::Request& request) {
    std::vector<wire::leave_group::MemberIdentity> identities = request.members;
    if (caller.version < 3) identities = {{request.member_id, std::nullopt, std::nullopt}};
    std::set<std::string> leaving;
    wire::leave_group::Response response;
    for (const auto& identity : identities) {
        const auto found = find_leaving(identity);
        const ErrorCode* refused = std::get_if<ErrorCode>(&found);
        if (!refused) leaving.insert(std::get<const Member*>(found)->row.member_id);
        response.members.push_back(
            {identity.member_id, identity.group_instance_id, refused ? *refused : ErrorCode::none});
    }
    if (caller.version < 3) response.error_code = response.members.front().error_code;
    remove_members({leaving.begin(), leaving.end()}, turn);
    turn.effects.reply(caller.ticket, std::move(response));
}

} // namespace kafka::group
