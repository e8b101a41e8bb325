// SyncGroup: the leader of a group hands out the assignments, and each member gets its own. See group/classic.h.
//
// v3 static members (KIP-345); v4 flexible; v5 protocol type and name (KIP-559).
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::sync_group;

void handle(Broker& broker, Call& call, Request& request) {
    broker.coordinator.ask(call, request, &group::Groups::sync);
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    return refusal_for_groups<Response>(error);
}

} // namespace kafka::api
