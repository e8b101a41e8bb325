// A request that changes the configs of several resources, on its way through perhaps several turns. What AlterConfigs and
// IncrementalAlterConfigs have in common. Main thread only.
#pragma once
#include "api/config_resources.h"

namespace kafka::api {

struct Alterations {
    /// One more, of which each resource may have one.
    void add(const Resource& resource, Alteration alteration);
    /// Does what this turn may do of them. True once all are done and in effect; else the call is to be postponed.
    bool go_on(Broker& broker);

    std::vector<MaybeProblem> results; ///< of those that are done, in their order

private:
    struct One {
        Resource resource;
        Alteration alteration;
    };
    MaybeProblem alter(Broker& broker, One& next);

    std::vector<One> asked_;
    std::map<std::pair<ResourceType, std::string>, int> times_named_;
    bool settings_changed_ = false; ///< and not read again yet
};

/// The alterations of a request, begun or gone on with: `alteration_of` makes them of its resources.
template <class Request, class Make>
Alterations& alterations_of(Call& call, const Request& request, Make alteration_of) {
    const bool begins = !call.has_progress();
    Alterations& alterations = call.progress<Alterations>();
    if (begins)
        for (const auto& asked : request.resources)
            alterations.add({ResourceType(asked.resource_type), asked.resource_name},
                            alteration_of(asked, request.validate_only));
    return alterations;
}

/// Answers the call with this response type when all of its alterations are done, or postpones it.
template <class Response, class Request>
void answer_or_postpone(Broker& broker, Call& call, const Request& request, Alterations& alterations) {
    if (!alterations.go_on(broker)) return broker.postpone(std::move(call));
    Response response;
    for (size_t i = 0; i < request.resources.size(); i++) {
        auto& result = response.responses.emplace_back();
        result.resource_type = request.resources[i].resource_type;
        result.resource_name = request.resources[i].resource_name;
        result.error_message = std::nullopt;
        if (!alterations.results[i]) continue;
        result.error_code = alterations.results[i]->error;
        result.error_message = alterations.results[i]->message;
    }
    broker.answer_when_stored(std::move(call), std::move(response));
}

/// The response that gives all resources this error.
template <class Response, class Request>
Response refuse_alterations(const Request& request, wire::ErrorCode error) {
    Response response;
    for (const auto& asked : request.resources)
        response.responses.push_back(
            {error, "The configs could not be changed", asked.resource_type, asked.resource_name});
    return response;
}

} // namespace kafka::api
