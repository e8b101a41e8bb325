// ApiVersions (API key 18): which APIs and versions the broker speaks; a client's first request.
// v1 throttle_time_ms; v3 flexible, the client's software (KIP-511), features (KIP-584); v4 allows
// min_version 0 in supported_features. The response header has no tag buffer in any version.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::api_versions {

struct Response;

struct Request {
    using Response = api_versions::Response;
    static constexpr Api api{18, "ApiVersions", {0, 4}, 3};
    std::string client_software_name;
    std::string client_software_version;
    static void fields(auto& io, auto& m) {
        io(m.client_software_name, v(3));
        io(m.client_software_version, v(3));
    }
};

struct ApiVersion {
    int16_t api_key = 0;
    int16_t min_version = 0;
    int16_t max_version = 0;
    static void fields(auto& io, auto& m) {
        io(m.api_key);
        io(m.min_version);
        io(m.max_version);
    }
};

struct SupportedFeatureKey {
    std::string name;
    int16_t min_version = 0;
    int16_t max_version = 0;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.min_version);
        io(m.max_version);
    }
};

struct FinalizedFeatureKey {
    std::string name;
    int16_t max_version_level = 0;
    int16_t min_version_level = 0;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.max_version_level);
        io(m.min_version_level);
    }
};

struct Response {
    ErrorCode error_code = ErrorCode::none;
    std::vector<ApiVersion> api_keys;
    int32_t throttle_time_ms = 0;
    std::optional<std::vector<SupportedFeatureKey>> supported_features;
    std::optional<int64_t> finalized_features_epoch; ///< grows with each change of finalized_features
    std::optional<std::vector<FinalizedFeatureKey>> finalized_features;
    std::optional<bool> zk_migration_ready;
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.api_keys);
        io(m.throttle_time_ms, v(1));
    }
    static void tags(auto& io, auto& m) {
        io.tag(0, m.supported_features, v(3));
        io.tag(1, m.finalized_features_epoch, v(3));
        io.tag(2, m.finalized_features, v(3));
        io.tag(3, m.zk_migration_ready, v(3));
    }
};

} // namespace kafka::wire::api_versions
