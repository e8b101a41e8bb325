// ConsumerGroupDescribe: state and members of consumer groups (KIP-848); classic ones are not found here.
//
// v1 the type of each member (KIP-1099).
#include "api/described_groups.h"
#include "api/handlers.h"

namespace kafka::api {

using namespace wire::consumer_group_describe;

void handle(Broker& broker, Call& call, Request& request) {
    const group::Groups* groups = broker.coordinator.look(call);
    if (!groups) return;
    Response response =
        groups->describe_consumers(broker.coordinator.topics(), broker.coordinator.settings(), request);
    if (request.include_authorized_operations) add_operations(response);
    broker.answer_when_written(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, wire::ErrorCode error) {
    return refuse_each<Response>(request.group_ids, error);
}

} // namespace kafka::api
