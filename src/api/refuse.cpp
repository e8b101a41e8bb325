// See refuse.h.
#include "api/refuse.h"

#include "api/handlers.h"

namespace kafka::api {

wire::Response refuse(const wire::Request& request, int16_t version, wire::ErrorCode error) {
    return std::visit([&](const auto& typed) -> wire::Response { return refuse(typed, version, error); },
                      request);
}

wire::ErrorCode error_for(const pg::Error&) { return wire::ErrorCode::kafka_storage_error; }

} // namespace kafka::api
