// DescribeGroups: state and members of classic groups.
//
// v3 authorized operations (KIP-430); v4 static members (KIP-345); v5 flexible; v6 an error where there is no such group.
#include "api/cluster.h"
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::describe_groups;

void handle(Broker& broker, Call& call, Request& request) {
    const group::Groups* groups = broker.coordinator.look(call);
    if (!groups) return;
    Response response = groups->describe(call.version(), request);
    for (DescribedGroup& group : response.groups)
        if (request.include_authorized_operations && group.error_code == wire::ErrorCode::none)
            group.authorized_operations = operations::on_group;
    broker.answer_when_written(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, wire::ErrorCode error) {
    Response response;
    for (const std::string& group : request.groups) {
        DescribedGroup& refused = response.groups.emplace_back();
        refused.group_id = group;
        refused.error_code = for_groups(error);
    }
    return response;
}

} // namespace kafka::api
