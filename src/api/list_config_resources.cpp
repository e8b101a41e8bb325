// ListConfigResources: topics, the broker, and groups that have configs. Client metrics, which is all that v0 asks for, there are
// none.
//
// v1 of the types that are asked for, by default of all (KIP-1142).
#include "api/config_resources.h"
#include "api/handlers.h"

#include <algorithm>

namespace kafka::api {
namespace {

using namespace wire::list_config_resources;
using Type = ResourceType;

constexpr Type all_types[] = {Type::topic, Type::broker, Type::broker_logger, Type::client_metrics,
                              Type::group};

bool is_known(int8_t type) {
    return std::find(std::begin(all_types), std::end(all_types), Type(type)) != std::end(all_types);
}

void list(const Broker& broker, Type type, std::vector<ConfigResource>& resources) {
    const auto add = [&](std::string name) { resources.push_back({std::move(name), int8_t(type)}); };
    if (type == Type::topic)
        for (const auto& [name, topic] : broker.catalog.topics()) add(name);
    else if (type == Type::broker || type == Type::broker_logger)
        add(std::to_string(broker.settings.node_id));
    else if (type == Type::group)
        for (const auto& [id, config] : broker.coordinator.settings().group_configs) add(id);
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    Response response;
    const std::vector<int8_t>& asked = request.resource_types;
    if (!std::all_of(asked.begin(), asked.end(), is_known))
        return broker.answer(std::move(call),
                             refuse(request, call.version(), wire::ErrorCode::unsupported_version));
    if (call.version() > 0)
        for (const Type type : all_types)
            if (asked.empty() || std::find(asked.begin(), asked.end(), int8_t(type)) != asked.end())
                list(broker, type, response.config_resources);
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request&, int16_t, wire::ErrorCode error) {
    Response response;
    response.error_code = error;
    return response;
}

} // namespace kafka::api
