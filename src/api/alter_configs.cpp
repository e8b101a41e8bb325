// AlterConfigs: replaces all that is set for a topic, a group or the broker; what is not named has its default again. Deprecated
// since single configs can be changed (IncrementalAlterConfigs), but older clients know nothing else.
//
// v2 flexible.
#include "api/alterations.h"
#include "api/handlers.h"

namespace kafka::api {

using namespace wire::alter_configs;

namespace {

Alteration alteration_of(const AlterConfigsResource& asked, bool validate_only) {
    Alteration alteration;
    alteration.replaces = true;
    alteration.validate_only = validate_only;
    for (const AlterableConfig& config : asked.configs)
        alteration.changes.push_back({config.name, log::ConfigOperation::set, config.value});
    return alteration;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    Alterations& alterations = alterations_of(call, request, alteration_of);
    answer_or_postpone<Response>(broker, call, request, alterations);
}

Response refuse(const Request& request, int16_t, wire::ErrorCode error) {
    return refuse_alterations<Response>(request, error);
}

} // namespace kafka::api
