// OffsetDelete: forgets what a group has committed for partitions that no member consumes (KIP-496).
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::offset_delete;

void handle(Broker& broker, Call& call, Request& request) {
    broker.coordinator.ask(call, [&](group::Turn& turn, const group::Caller& caller) {
        broker.coordinator.groups().delete_offsets(turn, caller, request);
    });
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    Response response;
    response.error_code = for_groups(error);
    return response;
}

} // namespace kafka::api
