// Heartbeat: a member of a classic group is alive, and hears whether there is a rebalance. See group/classic.h.
//
// v3 static members (KIP-345); v4 flexible.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::heartbeat;

void handle(Broker& broker, Call& call, Request& request) {
    broker.coordinator.ask(call, request, &group::Groups::heartbeat);
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    return refusal_for_groups<Response>(error);
}

} // namespace kafka::api
