// AlterConfigs (API key 33, KIP-133): replaces all configs that are set for topics, brokers, groups.
// v1 as before; v2 flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::alter_configs {

struct Response;

struct AlterableConfig {
    std::string name;
    std::optional<std::string> value = "";
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.value);
    }
};

struct AlterConfigsResource {
    int8_t resource_type = 0;
    std::string resource_name;
    std::vector<AlterableConfig> configs;
    static void fields(auto& io, auto& m) {
        io(m.resource_type);
        io(m.resource_name);
        io(m.configs);
    }
};

struct Request {
    using Response = alter_configs::Response;
    static constexpr Api api{33, "AlterConfigs", {0, 2}, 2};
    std::vector<AlterConfigsResource> resources;
    bool validate_only = false; ///< answer as if, change nothing
    static void fields(auto& io, auto& m) {
        io(m.resources);
        io(m.validate_only);
    }
};

struct AlterConfigsResourceResponse {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    int8_t resource_type = 0;
    std::string resource_name;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.error_message);
        io(m.resource_type);
        io(m.resource_name);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<AlterConfigsResourceResponse> responses;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.responses);
    }
};

} // namespace kafka::wire::alter_configs
