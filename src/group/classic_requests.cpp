#include "group/classic_requests.h"

#include <set>

namespace kafka::group {

std::vector<Protocol> protocols_of(const wire::join_group::Request& request) {
    std::vector<Protocol> protocols;
    std::set<wire::View> seen;
    for (const auto& protocol : request.protocols)
        if (seen.insert(protocol.name).second)
            protocols.push_back({protocol.name, copy_bytes(protocol.metadata)});
    return protocols;
}

int32_t rebalance_timeout_of(const Caller& caller, const wire::join_group::Request& request) {
    return caller.version == 0 ? request.session_timeout_ms : request.rebalance_timeout_ms;
}

bool needs_member_id(const Caller& caller, const wire::join_group::Request& request) {
    return caller.version >= 4 && request.member_id.empty() && !request.group_instance_id;
}

wire::join_group::Response refused_join(ErrorCode error, const std::string& member_id) {
    wire::join_group::Response response;
    response.error_code = error;
    response.protocol_name.reset();
    response.member_id = member_id;
    return response;
}

void refuse(Turn& turn, const Caller& caller, const wire::join_group::Request& request, ErrorCode error) {
    turn.effects.reply(caller.ticket, refused_join(error, request.member_id));
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

} // namespace kafka::group
