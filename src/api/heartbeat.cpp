// Heartbeat: a member of a classic group is alive, and hears whether there is a rebalance. See group/classic.h.
//
// v3 static members (KIP-345); v4 flexible.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::heartbeat;

void handle(Broker& broker, Call& call, Request& request) {
    broker.coordinator.ask(call, [&](group::Turn& turn, const group::Caller& caller) {
        broker.coordinator.groups().heartbeat(turn, caller, request);
    });
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    Response response;
    response.error_code = for_groups(error);
    return response;
}

} // namespace kafka::api
