// What members of groups ask, on its way to their group.
#include "group/group_id.h"
#include "group/groups.h"

namespace kafka::group {
namespace {

void refuse(Turn& turn, const Caller& caller, const wire::join_group::Request& request, ErrorCode error) {
    wire::join_group::Response response;
    response.error_code = error;
    response.protocol_name.reset();
    response.member_id = request.member_id;
    turn.effects.reply(caller.ticket, std::move(response));
}

void refuse(Turn& turn, const Caller& caller, const wire::sync_group::Request&, ErrorCode error) {
    wire::sync_group::Response response;
    response.error_code = error;
    turn.effects.reply(caller.ticket, std::move(response));
}

void refuse(Turn& turn, const Caller& caller, const wire::heartbeat::Request&, ErrorCode error) {
    turn.effects.reply(caller.ticket, wire::heartbeat::Response{0, error});
}

/// Since v3 each member has an error of its own, also where there is no such group.
void refuse(Turn& turn, const Caller& caller, const wire::leave_group::Request& request, ErrorCode error) {
    wire::leave_group::Response response;
    const bool of_each = caller.version >= 3 && error == ErrorCode::unknown_member_id;
    if (!of_each) response.error_code = error;
    if (of_each)
        for (const auto& member : request.members)
            response.members.push_back({member.member_id, member.group_instance_id, error});
    turn.effects.reply(caller.ticket, std::move(response));
}

bool lacks_protocol(const Caller& caller, const wire::sync_group::Request& request) {
    return caller.version >= 5 && (!request.protocol_type || !request.protocol_name);
}

} // namespace

void Groups::join(Turn& turn, const Caller& caller, const wire::join_group::Request& request) {
    if (!legal_group_id(request.group_id)) return refuse(turn, caller, request, ErrorCode::invalid_group_id);
    if (request.session_timeout_ms < turn.settings.group_min_session_timeout_ms ||
        request.session_timeout_ms > turn.settings.group_max_session_timeout_ms)
        return refuse(turn, caller, request, ErrorCode::invalid_session_timeout);
    if (!request.member_id.empty() && !find(request.group_id))
        return refuse(turn, caller, request, ErrorCode::unknown_member_id);
    find_or_add(request.group_id);
    const ConsumerGroup* consumer = find_consumer(request.group_id);
    if (consumer && !consumer->empty())
        return refuse(turn, caller, request, ErrorCode::inconsistent_group_protocol);
    if (consumer) become_classic(turn, request.group_id);
    find_classic(request.group_id)->join(turn, caller, request);
    settle(request.group_id);
}

/// An empty consumer group is forgotten, but for its offsets.
void Groups::become_classic(Turn& turn, const std::string& group_id) {
    ClassicGroup classic(group_id);
    classic.store_group(turn);
    get(group_id)->kind = std::move(classic);
}

/// Since epoch 0 joins, it makes a group, also of an empty classic one, which is forgotten but for its offsets.
void Groups::consumer_heartbeat(Turn& turn, const Caller& caller, const ConsumerGroup::Request& request) {
    const auto refuse = [&](ErrorCode error, const char* why) {
        wire::consumer_group_heartbeat::Response response;
        response.error_code = error;
        response.error_message = why;
        turn.effects.reply(caller.ticket, std::move(response));
    };
    if (!storable_group_id(request.group_id))
        return refuse(ErrorCode::invalid_group_id, "the group id is too long");
    ConsumerGroup* consumer = find_consumer(request.group_id);
    if (consumer) {
        consumer->heartbeat(turn, caller, request);
        return settle(request.group_id);
    }
    if (auto refused = ConsumerGroup::refuse_unknown(request, caller.version, turn.settings))
        return turn.effects.reply(caller.ticket, std::move(*refused));
    const ClassicGroup* classic = find_classic(request.group_id);
    if (classic && !classic->empty())
        return refuse(ErrorCode::group_id_not_found, "the group has members of the classic protocol");
    ConsumerGroup fresh(request.group_id);
    fresh.heartbeat(turn, caller, request);
    if (fresh.exists()) find_or_add(request.group_id).kind = std::move(fresh);
    settle(request.group_id);
}

void Groups::sync(Turn& turn, const Caller& caller, const wire::sync_group::Request& request) {
    if (!legal_group_id(request.group_id)) return refuse(turn, caller, request, ErrorCode::invalid_group_id);
    if (lacks_protocol(caller, request))
        return refuse(turn, caller, request, ErrorCode::inconsistent_group_protocol);
    ClassicGroup* group = find_classic(request.group_id);
    if (!group) return refuse(turn, caller, request, ErrorCode::unknown_member_id);
    group->sync(turn, caller, request);
    settle(request.group_id);
}

void Groups::heartbeat(Turn& turn, const Caller& caller, const wire::heartbeat::Request& request) {
    if (!legal_group_id(request.group_id)) return refuse(turn, caller, request, ErrorCode::invalid_group_id);
    ClassicGroup* group = find_classic(request.group_id);
    if (!group) return refuse(turn, caller, request, ErrorCode::unknown_member_id);
    group->heartbeat(turn, caller, request);
    settle(request.group_id);
}

void Groups::leave(Turn& turn, const Caller& caller, const wire::leave_group::Request& request) {
    if (!legal_group_id(request.group_id)) return refuse(turn, caller, request, ErrorCode::invalid_group_id);
    ClassicGroup* group = find_classic(request.group_id);
    if (!group) return refuse(turn, caller, request, ErrorCode::unknown_member_id);
    group->leave(turn, caller, request);
    settle(request.group_id);
}

} // namespace kafka::group
