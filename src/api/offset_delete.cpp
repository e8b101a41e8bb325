// OffsetDelete: forgets what a group has committed for partitions that no member consumes (KIP-496).
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::offset_delete;

void handle(Broker& broker, Call& call, Request& request) {
    if (!broker.transactions.look(call)) return; // which hear of it
    broker.coordinator.ask(call, request, &group::Groups::delete_offsets);
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    return refusal_for_groups<Response>(error);
}

} // namespace kafka::api
