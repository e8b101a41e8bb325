// DescribeConfigs: the configs of topics, groups and the broker, with where each value comes from. Of the broker by its number all
// of them, by the empty name those that were changed.
//
// v1 sources and synonyms (KIP-226); v3 types and documentation (KIP-569); v4 flexible.
#include "api/config_resources.h"
#include "api/handlers.h"

#include <algorithm>

namespace kafka::api {
namespace {

using namespace wire::describe_configs;

/// Each takes some tens of microseconds.
constexpr size_t max_resources_per_turn = 50;
/// Of one response: enough for ten thousand topics, or for a third of them with all that can be said.
constexpr size_t max_memory = 64 << 20;

struct Progress {
    Response response;
    size_t memory = 0; ///< that the response takes
};

size_t memory_of(const DescribeConfigsResult& result) {
    const auto length = [](const std::optional<std::string>& text) { return text ? text->size() : 0; };
    size_t memory = sizeof result + result.resource_name.size() + length(result.error_message);
    for (const DescribeConfigsResourceResult& config : result.configs) {
        memory += sizeof config + config.name.size() + length(config.value) + length(config.documentation);
        for (const DescribeConfigsSynonym& synonym : config.synonyms)
            memory += sizeof synonym + synonym.name.size() + length(synonym.value);
    }
    return memory;
}

bool is_wanted(const DescribeConfigsResource& asked, std::string_view name) {
    if (!asked.configuration_keys || asked.configuration_keys->empty()) return true;
    return std::find(asked.configuration_keys->begin(), asked.configuration_keys->end(), name) !=
           asked.configuration_keys->end();
}

DescribeConfigsResourceResult to_response(DescribedConfig&& config, const Request& request) {
    DescribeConfigsResourceResult result;
    result.name = std::move(config.name);
    result.value = std::move(config.value);
    result.read_only = config.read_only;
    result.config_source = int8_t(config.source);
    result.config_type = int8_t(config.type);
    result.documentation = std::nullopt;
    if (request.include_documentation) result.documentation = std::move(config.documentation);
    if (!request.include_synonyms) return result;
    for (ConfigSynonym& synonym : config.synonyms)
        result.synonyms.push_back(
            {std::move(synonym.name), std::move(synonym.value), int8_t(synonym.source)});
    return result;
}

DescribeConfigsResult named(const DescribeConfigsResource& asked) {
    DescribeConfigsResult result;
    result.error_message = std::nullopt;
    result.resource_type = asked.resource_type;
    result.resource_name = asked.resource_name;
    return result;
}

DescribeConfigsResult failed(const DescribeConfigsResource& asked, const log::ConfigProblem& problem) {
    DescribeConfigsResult result = named(asked);
    result.error_code = problem.error;
    result.error_message = problem.message;
    return result;
}

DescribeConfigsResult describe_one(const Broker& broker, const Call& call, const Request& request,
                                   const DescribeConfigsResource& asked) {
    std::vector<DescribedConfig> configs;
    const Resource resource{ResourceType(asked.resource_type), asked.resource_name};
    if (const auto problem = describe(broker, call, resource, configs)) return failed(asked, *problem);
    DescribeConfigsResult result = named(asked);
    for (DescribedConfig& config : configs)
        if (is_wanted(asked, config.name)) result.configs.push_back(to_response(std::move(config), request));
    return result;
}

/// Goes on where the last turn has stopped. False if this one has done enough before the end.
bool describe_all(const Broker& broker, const Call& call, const Request& request, Progress& done) {
    auto& results = done.response.results;
    for (size_t n = 0; results.size() < request.resources.size(); n++) {
        if (n == max_resources_per_turn) return false;
        const DescribeConfigsResource& asked = request.resources[results.size()];
        if (done.memory >= max_memory) {
            results.push_back(
                failed(asked, {wire::ErrorCode::policy_violation, "The response is large enough"}));
            continue;
        }
        results.push_back(describe_one(broker, call, request, asked));
        done.memory += memory_of(results.back());
    }
    return true;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    Progress& done = call.progress<Progress>();
    if (!describe_all(broker, call, request, done)) return broker.postpone(std::move(call));
    Response response = std::move(done.response);
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, wire::ErrorCode error) {
    Response response;
    for (const DescribeConfigsResource& asked : request.resources)
        response.results.push_back(failed(asked, {error, "The configs could not be described"}));
    return response;
}

} // namespace kafka::api
