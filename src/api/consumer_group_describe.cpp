// ConsumerGroupDescribe: state and members of consumer groups (KIP-848); classic ones are not found here.
//
// v1 the type of each member (KIP-1099).
#include "api/cluster.h"
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::consumer_group_describe;

void handle(Broker& broker, Call& call, Request& request) {
    const group::Groups* groups = broker.coordinator.look(call);
    if (!groups) return;
    Response response =
        groups->describe_consumers(broker.coordinator.topics(), broker.coordinator.settings(), request);
    for (DescribedGroup& group : response.groups)
        if (request.include_authorized_operations && group.error_code == wire::ErrorCode::none)
            group.authorized_operations = operations::on_group;
    broker.answer_when_written(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, wire::ErrorCode error) {
    Response response;
    for (const std::string& group : request.group_ids) {
        DescribedGroup& refused = response.groups.emplace_back();
        refused.group_id = group;
        refused.error_code = for_groups(error);
    }
    return response;
}

} // namespace kafka::api
