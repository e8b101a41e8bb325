// DeleteGroups: groups without members are forgotten, with what they have committed.
//
// v2 flexible.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::delete_groups;

void handle(Broker& broker, Call& call, Request& request) {
    if (!broker.transactions.look(call)) return; // which hear of it
    broker.coordinator.ask(call, request, &group::Groups::delete_groups);
}

Response refuse(const Request& request, int16_t, wire::ErrorCode error) {
    Response response;
    for (const std::string& group : request.groups_names)
        response.results.push_back({group, for_groups(error)});
    return response;
}

} // namespace kafka::api
