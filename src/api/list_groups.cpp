// ListGroups: all groups, or those in certain states and of certain types.
//
// v3 flexible; v4 states (KIP-518); v5 types (KIP-848).
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::list_groups;

void handle(Broker& broker, Call& call, Request& request) {
    const group::Groups* groups = broker.coordinator.look(call);
    if (!groups) return;
    Response response = groups->list(request);
    broker.answer_when_written(std::move(call), std::move(response));
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    return refusal_for_groups<Response>(error);
}

} // namespace kafka::api
