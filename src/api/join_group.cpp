// JoinGroup: a consumer, or another kind of worker, becomes a member of a group, or stays one in the next generation. The answer
// comes when all members have joined. See group/classic.h.
//
// v1 rebalance timeout; v4 two steps to join (KIP-394); v5 static members (KIP-345); v6 flexible; v7 protocol type;
// v8 reason (KIP-800); v9 skip_assignment (KIP-814).
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::join_group;

void handle(Broker& broker, Call& call, Request& request) {
    broker.coordinator.ask(call, request, &group::Groups::join);
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    auto response = refusal_for_groups<Response>(error);
    response.protocol_name.reset();
    return response;
}

} // namespace kafka::api
