// UpdateFeatures (API key 57, KIP-584): raises or lowers levels of features for the whole cluster.
// v1 kinds of downgrades and validate_only (KIP-778); v2 no results for single features: all are updated or none is.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::update_features {

struct Response;

struct FeatureUpdateKey {
    std::string feature;
    int16_t max_version_level = 0; ///< 0: the feature is to be off
    bool allow_downgrade = false;
    int8_t upgrade_type = 1; ///< 1 upwards only, 2 or downwards without loss, 3 or downwards with loss
    static void fields(auto& io, auto& m) {
        io(m.feature);
        io(m.max_version_level);
        io(m.allow_downgrade, v(0, 0));
        io(m.upgrade_type, v(1));
    }
};

struct Request {
    using Response = update_features::Response;
    static constexpr Api api{57, "UpdateFeatures", {0, 2}, 0};
    int32_t timeout_ms = 60000;
    std::vector<FeatureUpdateKey> feature_updates;
    bool validate_only = false; ///< answer as if, change nothing
    static void fields(auto& io, auto& m) {
        io(m.timeout_ms);
        io(m.feature_updates);
        io(m.validate_only, v(1));
    }
};

struct UpdatableFeatureResult {
    std::string feature;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    static void fields(auto& io, auto& m) {
        io(m.feature);
        io(m.error_code);
        io(m.error_message);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::vector<UpdatableFeatureResult> results;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code);
        io(m.error_message);
        io(m.results, v(0, 1));
    }
};

} // namespace kafka::wire::update_features
