// AlterClientQuotas (API key 49, KIP-546): sets and removes quotas.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::alter_client_quotas {

struct Response;

struct EntityData {
    std::string entity_type;                     ///< user, client-id or ip
    std::optional<std::string> entity_name = ""; ///< null: the default of all
    static void fields(auto& io, auto& m) {
        io(m.entity_type);
        io(m.entity_name);
    }
};

struct OpData {
    std::string key;
    double value = 0;
    bool remove = false;
    static void fields(auto& io, auto& m) {
        io(m.key);
        io(m.value);
        io(m.remove);
    }
};

struct RequestEntry {
    std::vector<EntityData> entity;
    std::vector<OpData> ops;
    static void fields(auto& io, auto& m) {
        io(m.entity);
        io(m.ops);
    }
};

struct Request {
    using Response = alter_client_quotas::Response;
    static constexpr Api api{49, "AlterClientQuotas", {0, 1}, 1};
    std::vector<RequestEntry> entries;
    bool validate_only = false;
    static void fields(auto& io, auto& m) {
        io(m.entries);
        io(m.validate_only);
    }
};

struct ResponseEntry {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::vector<EntityData> entity;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.error_message);
        io(m.entity);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<ResponseEntry> entries;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.entries);
    }
};

} // namespace kafka::wire::alter_client_quotas
