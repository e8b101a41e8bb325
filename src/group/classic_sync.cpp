// SyncGroup, Heartbeat and LeaveGroup.
#include "group/classic.h"

#include <algorithm>

namespace kafka::group {

void ClassicGroup::sync(Turn& turn, const Caller& caller, const wire::sync_group::Request& request) {
    ErrorCode error = check_sync(request);
    if (error == ErrorCode::none && state_ == State::preparing_rebalance)
        error = ErrorCode::rebalance_in_progress;
    if (error != ErrorCode::none) {
        wire::sync_group::Response response;
        response.error_code = error;
        return turn.effects.reply(caller.ticket, std::move(response));
    }
    Member& member = *members_.find(request.member_id);
    // The client has given up on its earlier request; should it still listen, it is to join again.
    answer_sync(turn, member, ErrorCode::rebalance_in_progress);
    member.syncing = caller.ticket;
    member.must_sync = false;
    if (state_ == State::stable)
        answer_sync(turn, member, ErrorCode::none);
    else if (is_leader(member))
        assign(turn, request);
}

ErrorCode ClassicGroup::check_sync(const wire::sync_group::Request& request) const {
    const ErrorCode error = check_member(request.member_id, request.group_instance_id);
    if (error != ErrorCode::none) return error;
    if (request.generation_id != generation_) return ErrorCode::illegal_generation;
    if (request.protocol_type && *request.protocol_type != protocol_type_)
        return ErrorCode::inconsistent_group_protocol;
    if (request.protocol_name && protocol_ && *request.protocol_name != *protocol_)
        return ErrorCode::inconsistent_group_protocol;
    return ErrorCode::none;
}

/// What the leader assigns to those that are no members is nobody's; members that it leaves out get nothing.
void ClassicGroup::assign(Turn& turn, const wire::sync_group::Request& request) {
    for (Member* member : members_.in_order()) member->classic().assignment = nullptr;
    for (const auto& part : request.assignments) {
        Member* member = members_.find(part.member_id);
        if (member) member->classic().assignment = copy_bytes(part.assignment);
    }
    state_ = State::stable;
    store_generation(turn);
    for (Member* member : members_.in_order()) answer_sync(turn, *member, ErrorCode::none);
}

void ClassicGroup::heartbeat(Turn& turn, const Caller& caller, const wire::heartbeat::Request& request) {
    wire::heartbeat::Response response;
    response.error_code = check_member(request.member_id, request.group_instance_id);
    if (response.error_code == ErrorCode::none && request.generation_id != generation_)
        response.error_code = ErrorCode::illegal_generation;
    if (response.error_code == ErrorCode::none) {
        renew_session(turn.now, *members_.find(request.member_id));
        if (state_ == State::preparing_rebalance) response.error_code = ErrorCode::rebalance_in_progress;
    }
    turn.effects.reply(caller.ticket, std::move(response));
}

void ClassicGroup::leave(Turn& turn, const Caller& caller, const wire::leave_group::Request& request) {
    wire::leave_group::Response response;
    bool anybody = false;
    if (caller.version < 3) {
        response.error_code = leave_one(turn, {request.member_id, std::nullopt, std::nullopt});
        anybody = response.error_code == ErrorCode::none;
    } else {
        for (const auto& identity : request.members) {
            const ErrorCode error = leave_one(turn, identity);
            anybody |= error == ErrorCode::none;
            response.members.push_back({identity.member_id, identity.group_instance_id, error});
        }
    }
    turn.effects.reply(caller.ticket, std::move(response));
    // As in Kafka also where only an id was given back that had not joined yet.
    if (anybody && !empty()) rebalance_or_complete(turn);
}

/// A tool removes static members by their instance id alone.
ErrorCode ClassicGroup::leave_one(Turn& turn, const wire::leave_group::MemberIdentity& identity) {
    if (identity.member_id.empty()) {
        Member* member =
            identity.group_instance_id ? members_.find_static(*identity.group_instance_id) : nullptr;
        if (!member) return ErrorCode::unknown_member_id;
        remove_member(turn, *member, ErrorCode::unknown_member_id);
        return ErrorCode::none;
    }
    if (pending_.erase(identity.member_id)) {
        sessions_.cancel(identity.member_id);
        return ErrorCode::none;
    }
    const ErrorCode error = check_member(identity.member_id, identity.group_instance_id);
    if (error == ErrorCode::none)
        remove_member(turn, *members_.find(identity.member_id), ErrorCode::unknown_member_id);
    return error;
}

} // namespace kafka::group
