// ApiVersions: which APIs and versions are served; the first request of every client.
//
// The list is derived from the messages (wire/requests.h), so what is advertised is what is handled. A
// version that is not ours is answered in the layout of version 0, with the versions of ApiVersions alone
// (KIP-511): the client asks again.
//
// v1 throttle_time_ms; v3 flexible, the client's software name and version, which must be well formed;
// features in tagged fields (KIP-584); v4 supported features whose lowest level is 0.
#include "api/features.h"
#include "api/handlers.h"

#include <algorithm>

namespace kafka::api {
namespace {

using namespace wire::api_versions;
using wire::ErrorCode;

constexpr int16_t first_version_with_software = 3, first_version_with_level_0 = 4;

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Letters and digits, with dashes and dots inside.
bool is_software_name(const std::string& name) {
    if (name.empty() || !is_letter_or_digit(name.front()) || !is_letter_or_digit(name.back())) return false;
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return is_letter_or_digit(c) || c == '-' || c == '.'; });
}

ApiVersion range_of(const wire::Api& api) {
    ApiVersion range;
    range.api_key = api.key;
    range.min_version = api.advertised_min;
    range.max_version = api.versions.until;
    return range;
}

void add_features(Response& response, int16_t version) {
    std::vector<SupportedFeatureKey> supported;
    std::vector<FinalizedFeatureKey> finalized;
    for (const Feature& f : features) {
        supported.push_back({f.name, 0, f.level});
        finalized.push_back({f.name, f.level, f.level});
    }
    if (version >= first_version_with_level_0) response.supported_features = std::move(supported);
    response.finalized_features_epoch = 0;
    response.finalized_features = std::move(finalized);
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    Response response;
    if (!Request::api.versions.has(call.version())) {
        response = refuse(request, 0, ErrorCode::unsupported_version);
        response.api_keys.push_back(range_of(Request::api));
        return broker.replies.push_back(std::move(call).reply(std::move(response), 0));
    }
    const bool named =
        is_software_name(request.client_software_name) && is_software_name(request.client_software_version);
    if (call.version() >= first_version_with_software && !named) {
        response = refuse(request, call.version(), ErrorCode::invalid_request);
    } else {
        for (const wire::Api& api : wire::apis()) response.api_keys.push_back(range_of(api));
        if (call.version() >= first_version_with_software) add_features(response, call.version());
    }
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request&, int16_t, ErrorCode error) {
    Response response;
    response.error_code = error;
    return response;
}

} // namespace kafka::api
