// See refuse.h.
#include "api/refuse.h"

#include "api/handlers.h"

namespace kafka::api {

wire::Response refuse(Call& call, wire::ErrorCode error) {
    const auto in_its_shape = [&](const auto& request) -> wire::Response {
        return refuse(request, call.version(), error);
    };
    wire::Response response = std::visit(in_its_shape, call.request());
    if (auto* produced = std::get_if<wire::produce::Response>(&response)) keep_stored(call, *produced);
    return response;
}

wire::ErrorCode error_for(const pg::Error&) { return wire::ErrorCode::kafka_storage_error; }

wire::ErrorCode for_groups(wire::ErrorCode error) {
    return error == wire::ErrorCode::kafka_storage_error ? wire::ErrorCode::not_coordinator : error;
}

} // namespace kafka::api
