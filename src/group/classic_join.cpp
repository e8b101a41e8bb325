// JoinGroup.
#include "group/classic.h"
#include "group/classic_requests.h"
#include "wire/text.h"

#include <algorithm>

namespace kafka::group {
namespace {

/// How long a member may wait for its first generation. It has no id to heartbeat with, and whether its client
/// still waits is not known.
constexpr auto new_member_timeout = std::chrono::minutes(5);

/// Most of a client's or an instance's name that becomes part of a member id, which is part of a key.
constexpr size_t max_name_in_id = 255;

std::string new_member_id(const Turn& turn, const Caller& caller,
                          const std::optional<std::string>& instance_id) {
    const std::string& name = instance_id ? *instance_id : caller.client.id;
    return std::string(wire::text_prefix(name, max_name_in_id)) + "-" + turn.new_id();
}

} // namespace

std::optional<std::string> ClassicGroup::join(Turn& turn, const Caller& caller,
                                              const wire::join_group::Request& request) {
    if (!accepts(turn.settings, request.member_id))
        refuse_for_size(turn, caller, request.member_id);
    else if (!supports(request))
        refuse(turn, caller, request, ErrorCode::inconsistent_group_protocol);
    else if (needs_member_id(caller, request))
        return give_out_id(turn, caller, request);
    else if (request.member_id.empty())
        join_new(turn, caller, request);
    else
        join_known(turn, caller, request);
    return std::nullopt;
}

std::string ClassicGroup::give_out_id(Turn& turn, const Caller& caller,
                                      const wire::join_group::Request& request) {
    std::string id = new_member_id(turn, caller, request.group_instance_id);
    pending_.insert(id);
    sessions_.set(id, turn.now.time + milliseconds(request.session_timeout_ms));
    turn.effects.reply(caller.ticket, refused_join(ErrorCode::member_id_required, id));
    return id;
}

void ClassicGroup::forget_pending(Turn& turn, const std::string& member_id) {
    if (pending_.erase(member_id) == 0) return;
    sessions_.cancel(member_id);
    maybe_complete_join(turn);
}

/// While a rebalance is prepared those count that have joined it: should the limit have been lowered, the last
/// to come have to go.
bool ClassicGroup::accepts(const Settings& settings, const std::string& member_id) const {
    const auto most = size_t(std::max(settings.group_max_size, 1));
    if (empty()) return true;
    const Member* member = members_.find(member_id);
    if (state_ == State::preparing_rebalance) return (member && member->joining) || members_.joining() < most;
    return member || members_.size() < most;
}

void ClassicGroup::refuse_for_size(Turn& turn, const Caller& caller, const std::string& member_id) {
    turn.effects.reply(caller.ticket, refused_join(ErrorCode::group_max_size_reached, ""));
    if (pending_.erase(member_id)) sessions_.cancel(member_id);
    Member* member = members_.find(member_id);
    if (member) remove_member(turn, *member, ErrorCode::unknown_member_id);
    maybe_complete_join(turn);
}

bool ClassicGroup::supports(const wire::join_group::Request& request) const {
    if (request.protocol_type.empty() || request.protocols.empty()) return false;
    if (members_.empty()) return true;
    return request.protocol_type == protocol_type_ &&
           std::any_of(request.protocols.begin(), request.protocols.end(),
                       [&](const auto& protocol) { return members_.all_have(protocol.name); });
}

void ClassicGroup::join_new(Turn& turn, const Caller& caller, const wire::join_group::Request& request) {
    const std::string id = new_member_id(turn, caller, request.group_instance_id);
    if (request.group_instance_id) {
        Member* before = members_.find_static(*request.group_instance_id);
        if (before) return replace_static(turn, caller, request, *before, id);
    }
    add_member(turn, caller, request, id);
}

void ClassicGroup::join_known(Turn& turn, const Caller& caller, const wire::join_group::Request& request) {
    const std::string& id = request.member_id;
    if (!request.group_instance_id && pending_.contains(id)) return add_member(turn, caller, request, id);
    const ErrorCode error = check_member(id, request.group_instance_id);
    if (error != ErrorCode::none) return refuse(turn, caller, request, error);
    join_again(turn, caller, request, *members_.find(id));
}

/// A leader that joins a Stable group wants a rebalance: something has changed that the members' metadata do not
/// say. Others get the generation again that they may not have heard of, where there is one.
void ClassicGroup::join_again(Turn& turn, const Caller& caller, const wire::join_group::Request& request,
                              Member& member) {
    const bool unchanged = member.classic().protocols == protocols_of(request);
    const bool wants_rebalance = state_ == State::stable && is_leader(member);
    if (state_ != State::preparing_rebalance && unchanged && !wants_rebalance && !lacks_generation())
        return turn.effects.reply(caller.ticket, generation_for(member));
    update_member(turn, caller, request, member);
    rebalance_or_complete(turn);
}

void ClassicGroup::add_member(Turn& turn, const Caller& caller, const wire::join_group::Request& request,
                              const std::string& id) {
    if (initial_) newcomer_ = true;
    if (members_.empty()) protocol_type_ = request.protocol_type;
    if (!leader_) leader_ = id;
    MemberRow row;
    row.group_id = id_;
    row.member_id = id;
    row.instance_id = request.group_instance_id;
    row.state = ClassicMember{protocols_of(request), nullptr};
    Member& member = members_.add(std::move(row));
    update_member(turn, caller, request, member);
    member.is_new = true;
    pending_.erase(id);
    sessions_.set(id, turn.now.time + new_member_timeout);
    rebalance_or_complete(turn);
}

void ClassicGroup::update_member(Turn& turn, const Caller& caller, const wire::join_group::Request& request,
                                 Member& member) {
    // The client has given up on its earlier request; should it still listen, it is to join again.
    answer_join(turn, member, refused_join(ErrorCode::rebalance_in_progress, member.id()));
    members_.set_protocols(member, protocols_of(request));
    members_.set_joining(member, caller.ticket);
    subscribed_.reset();
    member.row.client_id = caller.client.id;
    member.row.client_host = caller.client.host;
    member.row.session_timeout_ms = request.session_timeout_ms;
    member.row.rebalance_timeout_ms = rebalance_timeout_of(caller, request);
}

/// A static member that has lost its member id takes the place of the one that had its instance id. In a Stable
/// group nothing else changes, unless another protocol is to be chosen.
void ClassicGroup::replace_static(Turn& turn, const Caller& caller, const wire::join_group::Request& request,
                                  Member& member, const std::string& id) {
    const auto leader_before = leader_;
    if (is_leader(member)) leader_ = id;
    answer_join(turn, member, refused_join(ErrorCode::fenced_instance_id, member.id()));
    answer_sync(turn, member, ErrorCode::fenced_instance_id);
    sessions_.cancel(member.id());
    members_.rename(member, id);
    member.must_sync = member.is_new = false;
    update_member(turn, caller, request, member);
    renew_session(turn.now, member);

    if (state_ == State::stable && members_.select_protocol() == protocol_)
        return answer_replaced(turn, caller, member, leader_before);
    // The leader may have been told the old id, so that its assignment would miss the new one.
    rebalance_or_complete(turn);
}

/// Since v9 a leader is told that it leads, with the members, but not to assign anew. Before, it must not learn
/// that it leads, since it would do so.
void ClassicGroup::answer_replaced(Turn& turn, const Caller& caller, Member& member,
                                   const std::optional<std::string>& leader_before) {
    store_generation(turn);
    auto response = generation_for(member);
    if (caller.version >= 9)
        response.skip_assignment = is_leader(member);
    else
        response.leader = leader_before.value_or("");
    if (caller.version < 9 || !is_leader(member)) response.members.clear();
    answer_join(turn, member, std::move(response));
}

wire::join_group::Response ClassicGroup::generation_for(const Member& member) const {
    wire::join_group::Response response;
    response.generation_id = generation_;
    response.protocol_type = protocol_type_;
    response.protocol_name = protocol_;
    response.leader = leader_.value_or("");
    response.member_id = member.id();
    if (!is_leader(member)) return response;
    for (const Member* other : members_.in_order())
        response.members.push_back(
            {other->id(), other->row.instance_id, slice_of(other->metadata(*protocol_))});
    return response;
}

} // namespace kafka::group
