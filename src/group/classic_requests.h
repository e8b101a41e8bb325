// Requests of the classic protocol, as groups of both kinds look at them: what a JoinGroup says of its member, and how
// each of them is refused. Pure.
#pragma once
#include "group/types.h"

namespace kafka::group {

/// Kept copies; of a protocol that is named twice the first counts.
std::vector<Protocol> protocols_of(const wire::join_group::Request& request);
int32_t rebalance_timeout_of(const Caller& caller, const wire::join_group::Request& request);
/// A new dynamic member is to join with the id that it is told (KIP-394).
bool needs_member_id(const Caller& caller, const wire::join_group::Request& request);

wire::join_group::Response refused_join(ErrorCode error, const std::string& member_id);
void refuse(Turn& turn, const Caller& caller, const wire::join_group::Request& request, ErrorCode error);
void refuse(Turn& turn, const Caller& caller, const wire::sync_group::Request& request, ErrorCode error);
void refuse(Turn& turn, const Caller& caller, const wire::heartbeat::Request& request, ErrorCode error);
void refuse(Turn& turn, const Caller& caller, const wire::leave_group::Request& request, ErrorCode error);

} // namespace kafka::group
