// DescribeConfigs (API key 32, KIP-133): the configs of topics, brokers, groups, and where their values come from.
// v1 sources and synonyms (KIP-226); v2 as before; v3 types and documentation (KIP-569); v4 flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::describe_configs {

struct Response;

struct DescribeConfigsResource {
    int8_t resource_type = 0;
    std::string resource_name;
    /// Names of those that are wanted; null: all.
    std::optional<std::vector<std::string>> configuration_keys = std::vector<std::string>();
    static void fields(auto& io, auto& m) {
        io(m.resource_type);
        io(m.resource_name);
        io(m.configuration_keys);
    }
};

struct Request {
    using Response = describe_configs::Response;
    static constexpr Api api{32, "DescribeConfigs", {1, 4}, 4};
    std::vector<DescribeConfigsResource> resources;
    bool include_synonyms = false;
    bool include_documentation = false;
    static void fields(auto& io, auto& m) {
        io(m.resources);
        io(m.include_synonyms);
        io(m.include_documentation, v(3));
    }
};

struct DescribeConfigsSynonym {
    std::string name;
    std::optional<std::string> value = "";
    int8_t source = 0;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.value);
        io(m.source);
    }
};

struct DescribeConfigsResourceResult {
    std::string name;
    std::optional<std::string> value = ""; ///< null: sensitive
    bool read_only = false;
    int8_t config_source = -1;
    bool is_sensitive = false;
    std::vector<DescribeConfigsSynonym> synonyms; ///< the one that holds first
    int8_t config_type = 0;
    std::optional<std::string> documentation = "";
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.value);
        io(m.read_only);
        io(m.config_source);
        io(m.is_sensitive);
        io(m.synonyms);
        io(m.config_type, v(3));
        io(m.documentation, v(3));
    }
};

struct DescribeConfigsResult {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    int8_t resource_type = 0;
    std::string resource_name;
    std::vector<DescribeConfigsResourceResult> configs;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.error_message);
        io(m.resource_type);
        io(m.resource_name);
        io(m.configs);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<DescribeConfigsResult> results;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.results);
    }
};

} // namespace kafka::wire::describe_configs
