// LeaveGroup: members leave a classic group; since v3 several at once, by an administrator as well. See group/classic.h.
//
// v3 a list of members, static ones by instance id (KIP-345); v4 flexible; v5 reason (KIP-800).
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::leave_group;

void handle(Broker& broker, Call& call, Request& request) {
    broker.coordinator.ask(call, request, &group::Groups::leave);
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    return refusal_for_groups<Response>(error);
}

} // namespace kafka::api
