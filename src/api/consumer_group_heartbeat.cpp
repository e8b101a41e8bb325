// ConsumerGroupHeartbeat: a member of a consumer group (KIP-848) joins, stays or leaves, and hears what it is to consume. See
// group/consumer.h.
//
// v1 a subscription by regular expression, and member ids that clients make.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::consumer_group_heartbeat;

void handle(Broker& broker, Call& call, Request& request) {
    broker.coordinator.ask(call, request, &group::Groups::consumer_heartbeat);
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    return refusal_for_groups<Response>(error);
}

} // namespace kafka::api
