// ListConfigResources (API key 74, KIP-1000, KIP-1142): what there is that has configs.
// v0 lists client metrics alone, and was named for them; v1 of the types that are asked for.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::list_config_resources {

struct Response;

struct Request {
    using Response = list_config_resources::Response;
    static constexpr Api api{74, "ListConfigResources", {0, 1}, 0};
    std::vector<int8_t> resource_types; ///< none: all
    static void fields(auto& io, auto& m) { io(m.resource_types, v(1)); }
};

struct ConfigResource {
    std::string resource_name;
    int8_t resource_type = 16;
    static void fields(auto& io, auto& m) {
        io(m.resource_name);
        io(m.resource_type, v(1));
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<ConfigResource> config_resources;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code);
        io(m.config_resources);
    }
};

} // namespace kafka::wire::list_config_resources
