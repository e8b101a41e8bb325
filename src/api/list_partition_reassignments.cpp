// ListPartitionReassignments: none is ever going on, with one broker.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {

using namespace wire::list_partition_reassignments;

void handle(Broker& broker, Call& call, Request& request) {
    Response response = refuse(request, call.version(), wire::ErrorCode::none);
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    Response response;
    response.error_code = error;
    response.error_message = std::nullopt;
    return response;
}

} // namespace kafka::api
