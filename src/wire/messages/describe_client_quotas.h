// DescribeClientQuotas (API key 48, KIP-546): the quotas that a filter lets through.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::describe_client_quotas {

struct Response;

struct ComponentData {
    std::string entity_type;
    int8_t match_type = 0; ///< 0 this name, 1 the default, 2 any name
    std::optional<std::string> match = "";
    static void fields(auto& io, auto& m) {
        io(m.entity_type);
        io(m.match_type);
        io(m.match);
    }
};

struct Request {
    using Response = describe_client_quotas::Response;
    static constexpr Api api{48, "DescribeClientQuotas", {0, 1}, 1};
    std::vector<ComponentData> components;
    bool strict = false;
    static void fields(auto& io, auto& m) {
        io(m.components);
        io(m.strict);
    }
};

struct EntityData {
    std::string entity_type;                     ///< user, client-id or ip
    std::optional<std::string> entity_name = ""; ///< null: the default of all
    static void fields(auto& io, auto& m) {
        io(m.entity_type);
        io(m.entity_name);
    }
};

struct ValueData {
    std::string key;
    double value = 0;
    static void fields(auto& io, auto& m) {
        io(m.key);
        io(m.value);
    }
};

struct EntryData {
    std::vector<EntityData> entity;
    std::vector<ValueData> values;
    static void fields(auto& io, auto& m) {
        io(m.entity);
        io(m.values);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::optional<std::vector<EntryData>> entries = std::vector<EntryData>();
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code);
        io(m.error_message);
        io(m.entries);
    }
};

} // namespace kafka::wire::describe_client_quotas
