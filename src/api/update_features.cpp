// UpdateFeatures: features have the level that this version of the broker gives them, so there is nothing to be updated, but it
// can be asked for what is so already.
//
// All updates are good or none is (KIP-584). Of several bad ones the first is told.
//
// v1 kinds of updates instead of a flag; validate_only, which makes no difference; v2 results of single features are gone.
//
// Unlike Kafka's, features cannot be lowered: whoever does not know them does not use them anyway.
#include "api/features.h"
#include "api/handlers.h"

#include <algorithm>

namespace kafka::api {
namespace {

using namespace wire::update_features;
using wire::ErrorCode;

constexpr int16_t first_version_with_types = 1;
constexpr int8_t upgrade = 1, safe_downgrade = 2, unsafe_downgrade = 3;

int8_t type_of(const FeatureUpdateKey& asked, int16_t version) {
    if (version >= first_version_with_types) return asked.upgrade_type;
    return asked.allow_downgrade ? safe_downgrade : upgrade;
}

/// Nothing if that level is what the feature has.
std::optional<std::string> problem(const FeatureUpdateKey& asked, int8_t type) {
    const std::string of =
        asked.feature + " cannot be updated to level " + std::to_string(asked.max_version_level) + ": ";
    if (type < upgrade || type > unsafe_downgrade) return of + "this type of update is not known";
    const auto* found = std::ranges::find(features, asked.feature, &Feature::name);
    if (found == std::end(features)) return of + "there is no such feature";
    if (asked.max_version_level < 0 || asked.max_version_level > found->level)
        return of + "its levels are 0 to " + std::to_string(found->level);
    if (asked.max_version_level == found->level) return std::nullopt;
    if (type == upgrade)
        return of + "it has level " + std::to_string(found->level) + ", and a downgrade is not asked for";
    return of + "it keeps level " + std::to_string(found->level) + ", which comes with the broker's version";
}

std::optional<std::string> first_problem(const Request& request, int16_t version) {
    for (const FeatureUpdateKey& asked : request.feature_updates)
        if (auto text = problem(asked, type_of(asked, version))) return text;
    return std::nullopt;
}

Response agreed(const Request& request) {
    std::vector<UpdatableFeatureResult> results;
    for (const FeatureUpdateKey& asked : request.feature_updates)
        results.push_back({asked.feature, ErrorCode::none, std::nullopt});
    return {0, ErrorCode::none, std::nullopt, std::move(results)};
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    if (const auto text = first_problem(request, call.version()))
        broker.answer(std::move(call),
                      Response{0, ErrorCode::invalid_update_version, "No feature was updated. " + *text, {}});
    else
        broker.answer(std::move(call), agreed(request));
}

Response refuse(const Request&, int16_t, ErrorCode error) {
    Response response;
    response.error_code = error;
    response.error_message = "The features could not be updated";
    return response;
}

} // namespace kafka::api
