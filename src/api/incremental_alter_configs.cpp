// IncrementalAlterConfigs: sets and deletes single configs of a topic, a group or the broker, and makes lists longer and shorter
// (KIP-339). Of each resource all is changed that is asked for, or nothing.
//
// v1 flexible.
#include "api/alterations.h"
#include "api/handlers.h"

namespace kafka::api {

using namespace wire::incremental_alter_configs;

namespace {

Alteration alteration_of(const AlterConfigsResource& asked, bool validate_only) {
    Alteration alteration;
    alteration.validate_only = validate_only;
    for (const AlterableConfig& config : asked.configs)
        alteration.changes.push_back(
            {config.name, log::ConfigOperation(config.config_operation), config.value});
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
