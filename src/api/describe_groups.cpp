// DescribeGroups: state and members of classic groups.
//
// v3 authorized operations (KIP-430); v4 static members (KIP-345); v5 flexible; v6 an error where there is no such group.
#include "api/described_groups.h"
#include "api/handlers.h"

namespace kafka::api {

using namespace wire::describe_groups;

void handle(Broker& broker, Call& call, Request& request) {
    const group::Groups* groups = broker.coordinator.look(call);
    if (!groups) return;
    Response response = groups->describe(call.version(), request);
    if (request.include_authorized_operations) add_operations(response);
    broker.answer_when_written(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, wire::ErrorCode error) {
    return refuse_each<Response>(request.groups, error);
}

} // namespace kafka::api
