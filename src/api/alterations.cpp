// See alterations.h.
#include "api/alterations.h"

#include <utility>

namespace kafka::api {

void Alterations::add(const Resource& resource, Alteration alteration) {
    asked_.push_back({resource, std::move(alteration)});
    times_named_[{resource.type, resource.name}]++;
}

MaybeProblem Alterations::alter(Broker& broker, One& next) {
    if (times_named_[{next.resource.type, next.resource.name}] > 1)
        return log::ConfigProblem{wire::ErrorCode::invalid_request,
                                  "The request names the resource more than once"};
    const bool changes_settings =
        next.resource.type == ResourceType::broker && !next.alteration.validate_only;
    MaybeProblem problem = api::alter(broker, next.resource, std::move(next.alteration));
    settings_changed_ |= changes_settings && !problem;
    return problem;
}

bool Alterations::go_on(Broker& broker) {
    while (results.size() < asked_.size()) {
        if (broker.changed_enough_topics()) return false;
        results.push_back(alter(broker, asked_[results.size()]));
    }
    return !std::exchange(settings_changed_, false); // they are read before the next turn
}

} // namespace kafka::api
