// What members of groups ask, on its way to their group.
#include "group/classic_requests.h"
#include "group/groups.h"
#include "group/limits.h"

#include <algorithm>

namespace kafka::group {
namespace {

bool lacks_protocol(const Caller& caller, const wire::sync_group::Request& request) {
    return caller.version >= 5 && (!request.protocol_type || !request.protocol_name);
}

bool too_large(const wire::join_group::Request& request) {
    size_t bytes = 0;
    for (const auto& protocol : request.protocols) bytes += protocol.name.size() + protocol.metadata.size();
    return bytes > max_member_bytes;
}

bool too_large(const wire::sync_group::Request& request) {
    return std::any_of(request.assignments.begin(), request.assignments.end(),
                       [](const auto& assigned) { return assigned.assignment.size() > max_member_bytes; });
}

bool too_large(const ConsumerGroup::Request& request) {
    size_t bytes = request.subscribed_topic_regex ? request.subscribed_topic_regex->size() : 0;
    if (request.subscribed_topic_names)
        for (const std::string& name : *request.subscribed_topic_names) bytes += name.size();
    return bytes > max_member_bytes;
}

} // namespace

void Groups::join(Turn& turn, const Caller& caller, const wire::join_group::Request& request) {
    if (!legal_group_id(request.group_id)) return refuse(turn, caller, request, ErrorCode::invalid_group_id);
    if (request.session_timeout_ms < turn.settings.group_min_session_timeout_ms ||
        request.session_timeout_ms > turn.settings.group_max_session_timeout_ms)
        return refuse(turn, caller, request, ErrorCode::invalid_session_timeout);
    if (too_large(request)) return refuse(turn, caller, request, ErrorCode::unknown_server_error);
    if (!request.member_id.empty() && !find(request.group_id))
        return refuse(turn, caller, request, ErrorCode::unknown_member_id);
    find_or_add(request.group_id);
    ConsumerGroup* consumer = find_consumer(request.group_id);
    std::optional<std::string> pending;
    if (!consumer)
        pending = find_classic(request.group_id)->join(turn, caller, request);
    else if (consumer->empty())
        pending = join_as_classic(turn, caller, request);
    else
        consumer->join(turn, caller, request);
    if (pending) remember_pending(turn, request.group_id, *pending);
    finish(turn, request.group_id);
}

void Groups::remember_pending(Turn& turn, const std::string& group_id, const std::string& member_id) {
    pending_.emplace_back(group_id, member_id);
    if (pending_.size() <= max_pending_members) return;
    const auto [oldest_group, oldest] = std::move(pending_.front());
    pending_.pop_front();
    ClassicGroup* classic = find_classic(oldest_group);
    if (!classic) return;
    classic->forget_pending(turn, oldest);
    finish(turn, oldest_group);
}

/// An empty consumer group is forgotten, but for its offsets. Tried on the side: where the member is refused nothing has happened.
std::optional<std::string> Groups::join_as_classic(Turn& turn, const Caller& caller,
                                                   const wire::join_group::Request& request) {
    ClassicGroup classic(request.group_id);
    Effects effects;
    Turn trial{turn.now, turn.settings, turn.topics, turn.new_id, turn.has_pending_offsets, effects};
    classic.store_group(trial);
    auto pending = classic.join(trial, caller, request);
    const bool refused = classic.empty() && !classic.has_pending();
    if (refused) effects.rows.clear();
    turn.effects.append(std::move(effects));
    if (!refused) get(request.group_id)->kind = std::move(classic);
    return pending;
}

/// Since epoch 0 joins, it makes a group, also of an empty classic one, which is forgotten but for its offsets, or of one
/// with members, which stay.
void Groups::consumer_heartbeat(Turn& turn, const Caller& caller, const ConsumerGroup::Request& request) {
    const auto refuse = [&](ErrorCode error, const char* why) {
        wire::consumer_group_heartbeat::Response response;
        response.error_code = error;
        response.error_message = why;
        turn.effects.reply(caller.ticket, std::move(response));
    };
    if (!storable_group_id(request.group_id))
        return refuse(ErrorCode::invalid_group_id, "the group id is too long");
    if (too_large(request)) return refuse(ErrorCode::invalid_request, "the subscription is too large");
    ConsumerGroup* consumer = find_consumer(request.group_id);
    if (consumer) {
        consumer->heartbeat(turn, caller, request);
        return finish(turn, request.group_id);
    }
    if (auto refused = ConsumerGroup::refuse_unknown(request, caller.version, turn.settings))
        return turn.effects.reply(caller.ticket, std::move(*refused));
    ClassicGroup* classic = find_classic(request.group_id);
    if (classic && !classic->empty()) {
        if (const char* why = upgrade(turn, caller, request, *classic))
            refuse(ErrorCode::group_id_not_found, why);
        return settle(request.group_id);
    }
    ConsumerGroup fresh(request.group_id);
    fresh.heartbeat(turn, caller, request);
    if (fresh.exists()) find_or_add(request.group_id).kind = std::move(fresh);
    settle(request.group_id);
}

void Groups::sync(Turn& turn, const Caller& caller, const wire::sync_group::Request& request) {
    if (!legal_group_id(request.group_id)) return refuse(turn, caller, request, ErrorCode::invalid_group_id);
    if (lacks_protocol(caller, request))
        return refuse(turn, caller, request, ErrorCode::inconsistent_group_protocol);
    if (too_large(request)) return refuse(turn, caller, request, ErrorCode::unknown_server_error);
    Group* group = get(request.group_id);
    if (!group) return refuse(turn, caller, request, ErrorCode::unknown_member_id);
    std::visit([&](auto& kind) { kind.sync(turn, caller, request); }, group->kind);
    finish(turn, request.group_id);
}

void Groups::heartbeat(Turn& turn, const Caller& caller, const wire::heartbeat::Request& request) {
    if (!legal_group_id(request.group_id)) return refuse(turn, caller, request, ErrorCode::invalid_group_id);
    Group* group = get(request.group_id);
    if (!group) return refuse(turn, caller, request, ErrorCode::unknown_member_id);
    std::visit([&](auto& kind) { kind.heartbeat(turn, caller, request); }, group->kind);
    finish(turn, request.group_id);
}

void Groups::leave(Turn& turn, const Caller& caller, const wire::leave_group::Request& request) {
    if (!legal_group_id(request.group_id)) return refuse(turn, caller, request, ErrorCode::invalid_group_id);
    Group* group = get(request.group_id);
    if (!group) return refuse(turn, caller, request, ErrorCode::unknown_member_id);
    std::visit([&](auto& kind) { kind.leave(turn, caller, request); }, group->kind);
    finish(turn, request.group_id);
}

} // namespace kafka::group
