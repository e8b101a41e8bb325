// See config_resources.h.
//
// What is refused is what Kafka refuses, with its errors. The broker is one node, so that a config of the broker and the default
// of the cluster are the same thing: a setting that was changed by ALTER SYSTEM. It is shown as what it is asked for by.
#include "api/config_resources.h"

#include "api/refuse.h"
#include "group/config.h"
#include "group/limits.h"
#include "pg/alter_system.h"
#include "pg/process.h"

#include <charconv>
#include <utility>

namespace kafka::api {
namespace {

using wire::ErrorCode;

MaybeProblem problem(ErrorCode error, std::string message) {
    return log::ConfigProblem{error, std::move(message)};
}
MaybeProblem invalid_request(std::string message) {
    return problem(ErrorCode::invalid_request, std::move(message));
}
MaybeProblem invalid_config(std::string message) {
    return problem(ErrorCode::invalid_config, std::move(message));
}
MaybeProblem not_stored(const Broker& broker, const std::string& what, const pg::Error& error) {
    broker.log_failure("change configs of " + what, error);
    return problem(error_for(error), "The configs could not be stored");
}

BrokerFacts facts_of(const Broker& broker, const net::Address& advertised = {}) {
    return {broker.settings, advertised, pg::data_directory()};
}

// Topics ----------------------------------------------------------------------------------------------------

DescribedConfig describe(const log::ConfigKey& key, const log::ConfigOverrides& overrides,
                         const BrokerFacts& facts, const log::ConfigDefaults& defaults) {
    DescribedConfig config;
    config.name = key.name;
    config.type = key.type;
    config.value = log::effective_value(key, overrides, defaults);
    if (overrides.contains(key.name))
        config.synonyms.push_back({key.name, config.value, ConfigSource::topic});
    if (const BrokerConfig* general = key.broker_name ? find_broker_config(key.broker_name) : nullptr)
        for (ConfigSynonym& synonym : synonyms_of(*general, facts))
            config.synonyms.push_back(std::move(synonym));
    if (!config.synonyms.empty()) config.source = config.synonyms[0].source;
    config.documentation = log::documentation_of(key);
    return config;
}

MaybeProblem describe_topic(const Broker& broker, const std::string& name,
                            std::vector<DescribedConfig>& configs) {
    if (auto why = log::topic_name_problem(name)) return problem(ErrorCode::invalid_topic_exception, *why);
    const log::Topic* topic = broker.catalog.find(name);
    if (!topic) return problem(ErrorCode::unknown_topic_or_partition, "There is no such topic");
    configs = topic_configs(broker, topic->overrides);
    return std::nullopt;
}

log::ListValue lists_of(const Broker& broker, const log::Topic* topic) {
    return [&broker, topic](const std::string& name) -> std::optional<std::string> {
        const log::ConfigKey* key = log::find_topic_config(name);
        if (!key || key->type != log::ConfigType::list) return std::nullopt;
        return log::effective_value(*key, topic ? topic->overrides : log::ConfigOverrides(),
                                    broker.config_defaults());
    };
}

template <class Map> std::vector<std::string> names_in(const Map& map) {
    std::vector<std::string> names;
    for (const auto& [name, value] : map) names.push_back(name);
    return names;
}

MaybeProblem topic_values_problem(const log::ConfigOverrides& present, const log::ConfigValues& values) {
    log::ConfigOverrides result = present;
    for (const auto& [name, value] : values) {
        if (!value) {
            result.erase(name);
            continue;
        }
        if (auto why = log::config_problem(name, value)) return invalid_config(*why);
        result[name] = *value;
    }
    if (auto why = log::configs_conflict(result)) return invalid_config(*why);
    return std::nullopt;
}

MaybeProblem store_configs(Broker& broker, log::Topic& topic, const log::ConfigValues& values) {
    try {
        if (!broker.set_configs(topic, values))
            return problem(ErrorCode::unknown_topic_or_partition, "The topic is gone");
    } catch (const pg::Error& error) {
        return not_stored(broker, "topic \"" + topic.name + "\"", error);
    }
    return std::nullopt;
}

MaybeProblem alter_topic(Broker& broker, const std::string& name, Alteration alteration) {
    if (name.empty()) return invalid_request("A topic needs a name");
    if (auto why = log::topic_name_problem(name)) return problem(ErrorCode::invalid_topic_exception, *why);
    log::Topic* topic = broker.catalog.find(name);
    const log::ConfigOverrides present = topic ? topic->overrides : log::ConfigOverrides();
    if (alteration.replaces)
        alteration.changes = log::replacing(names_in(present), std::move(alteration.changes));
    log::ConfigValues values;
    if (auto found = log::new_values(alteration.changes, lists_of(broker, topic), values)) return found;
    if (auto found = topic_values_problem(present, values)) return found;
    if (!topic) return problem(ErrorCode::unknown_topic_or_partition, "There is no such topic");
    std::erase_if(values, [](const auto& value) { return !log::find_topic_config(value.first); });
    if (alteration.validate_only || values.empty()) return std::nullopt;
    return store_configs(broker, *topic, values);
}

// Groups ----------------------------------------------------------------------------------------------------

MaybeProblem group_id_problem(const Broker& broker, const std::string& group_id) {
    if (group_id.empty()) return invalid_request("A group needs a name");
    if (!group::legal_group_id(group_id) || !broker.coordinator.is_text(group_id))
        return invalid_request("A group of that name cannot be stored");
    return std::nullopt;
}

DescribedConfig describe(const group::ConfigKey& key, const group::GroupConfig& own,
                         const BrokerFacts& facts) {
    const BrokerConfig& general = *find_broker_config(key.broker_name);
    DescribedConfig config;
    config.name = key.name;
    config.type = log::ConfigType::integer;
    config.value = value_of(general, facts);
    config.synonyms = synonyms_of(general, facts);
    if (const std::optional<int32_t> value = own.*key.own) {
        config.value = std::to_string(*value);
        config.synonyms.insert(config.synonyms.begin(), {key.name, config.value, ConfigSource::group});
    }
    config.source = config.synonyms[0].source;
    config.documentation = key.documentation;
    return config;
}

MaybeProblem describe_group(const Broker& broker, const std::string& group_id,
                            std::vector<DescribedConfig>& configs) {
    if (group_id.empty()) return invalid_request("A group needs a name");
    const group::GroupConfig own = group::config_of(group_id, broker.coordinator.settings());
    const BrokerFacts facts = facts_of(broker);
    for (const group::ConfigKey& key : group::config_keys()) configs.push_back(describe(key, own, facts));
    return std::nullopt;
}

std::vector<std::string> names_set(const group::GroupConfig& config) {
    std::vector<std::string> names;
    for (const group::ConfigKey& key : group::config_keys())
        if (config.*key.own) names.push_back(key.name);
    return names;
}

MaybeProblem apply(const log::ConfigValues& values, group::GroupConfig& config,
                   const group::Settings& settings) {
    for (const auto& [name, value] : values) {
        if (!value)
            group::reset_config(config, name);
        else if (auto why = group::set_config(config, name, *value))
            return invalid_config(*why);
    }
    if (auto why = group::config_problem(config, settings)) return invalid_config(*why);
    return std::nullopt;
}

MaybeProblem alter_group(Broker& broker, const std::string& group_id, Alteration alteration) {
    if (auto found = group_id_problem(broker, group_id)) return found;
    const group::Settings& settings = broker.coordinator.settings();
    group::GroupConfig config = group::config_of(group_id, settings);
    if (alteration.replaces)
        alteration.changes = log::replacing(names_set(config), std::move(alteration.changes));
    const auto no_list = [](const std::string&) { return std::optional<std::string>(); };
    log::ConfigValues values;
    if (auto found = log::new_values(alteration.changes, no_list, values)) return found;
    if (auto found = apply(values, config, settings)) return found;
    std::erase_if(values, [](const auto& value) { return !group::find_config(value.first); });
    if (alteration.validate_only || values.empty()) return std::nullopt;
    try {
        broker.set_configs(group_id, values, config);
    } catch (const pg::Error& error) {
        return not_stored(broker, "a group", error);
    }
    return std::nullopt;
}

// The broker ------------------------------------------------------------------------------------------------

MaybeProblem node_problem(const Broker& broker, const std::string& name) {
    int32_t id = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (error != std::errc() || end != name.data() + name.size() || std::to_string(id) != name)
        return invalid_request("A broker is named by its number");
    if (id != broker.settings.node_id)
        return invalid_request("This is broker " + std::to_string(broker.settings.node_id) + ", not " + name);
    return std::nullopt;
}

bool is_altered(const Broker& broker, const BrokerConfig& config) {
    return config.dynamic && broker.settings.source_of(config.setting) == pg::SettingSource::altered;
}

DescribedConfig describe(const BrokerConfig& key, const BrokerFacts& facts) {
    DescribedConfig config;
    config.name = key.name;
    config.type = key.type;
    config.read_only = !key.dynamic;
    config.synonyms = synonyms_of(key, facts);
    config.value = config.synonyms[0].value;
    config.source = config.synonyms[0].source;
    config.documentation = key.documentation;
    return config;
}

bool is_dynamic(const DescribedConfig& config) {
    return config.source == ConfigSource::dynamic_broker ||
           config.source == ConfigSource::dynamic_default_broker;
}

/// As the default of the cluster.
DescribedConfig as_default(DescribedConfig config) {
    config.source = ConfigSource::dynamic_default_broker;
    config.synonyms.resize(1);
    config.synonyms[0].source = config.source;
    return config;
}

MaybeProblem describe_broker(const Broker& broker, const Call& call, const std::string& name,
                             std::vector<DescribedConfig>& configs) {
    if (!name.empty())
        if (auto found = node_problem(broker, name)) return found;
    const BrokerFacts facts = facts_of(broker, broker.advertised_address(call));
    for (const BrokerConfig& key : broker_configs()) {
        DescribedConfig config = describe(key, facts);
        if (!name.empty())
            configs.push_back(std::move(config));
        else if (is_dynamic(config))
            configs.push_back(as_default(std::move(config)));
    }
    return std::nullopt;
}

MaybeProblem broker_value_problem(const Broker& broker, const std::string& name, const std::string& value) {
    const BrokerConfig* config = find_broker_config(name);
    if (!config) return invalid_request("There is no broker config named " + name);
    if (!config->dynamic)
        return invalid_request("The broker config " + name + " cannot be changed by clients");
    if (broker.settings.source_of(config->setting) == pg::SettingSource::command_line)
        return invalid_request("The broker config " + name + " is given on the server's command line");
    if (!log::is_of_type(config->type, value))
        return invalid_request("The value " + value + " is not valid for broker config " + name);
    if (auto why = pg::setting_problem(config->setting, value)) return invalid_request(*why);
    return std::nullopt;
}

/// As long as all goes well, all of it. Each is in the file before the next is tried, as with ALTER SYSTEM.
MaybeProblem alter_settings(const Broker& broker, const log::ConfigValues& values) {
    try {
        const pg::Transaction transaction("changing settings");
        for (const auto& [name, value] : values)
            if (const BrokerConfig* config = find_broker_config(name); config && config->dynamic)
                pg::alter_system(config->setting, value);
    } catch (const pg::Error& error) {
        pg::request_reload();
        if (error.cant_change_setting()) return problem(ErrorCode::policy_violation, error.what());
        return not_stored(broker, "the broker", error);
    }
    pg::request_reload();
    return std::nullopt;
}

log::ListValue lists_of(const Broker& broker) {
    return [&broker](const std::string& name) -> std::optional<std::string> {
        const BrokerConfig* config = find_broker_config(name);
        if (!config || config->type != log::ConfigType::list) return std::nullopt;
        return value_of(*config, facts_of(broker));
    };
}

MaybeProblem alter_broker(Broker& broker, const std::string& name, Alteration alteration) {
    if (!name.empty())
        if (auto found = node_problem(broker, name)) return found;
    std::vector<std::string> present;
    for (const BrokerConfig& config : broker_configs())
        if (is_altered(broker, config)) present.push_back(config.name);
    if (alteration.replaces) alteration.changes = log::replacing(present, std::move(alteration.changes));
    log::ConfigValues values;
    if (auto found = log::new_values(alteration.changes, lists_of(broker), values)) return found;
    for (const auto& [config, value] : values)
        if (value)
            if (auto found = broker_value_problem(broker, config, *value)) return found;
    broker.count_changes(values.size());
    if (alteration.validate_only) return std::nullopt;
    return alter_settings(broker, values);
}

// What is not there -----------------------------------------------------------------------------------------

/// There is one log, the server's, whose level the server's settings say: loggers can be asked for, but there are none.
MaybeProblem alter_loggers(const Broker& broker, const std::string& name, const Alteration& alteration) {
    if (alteration.replaces) return invalid_request("Loggers are changed one by one");
    if (auto found = node_problem(broker, name)) return found;
    if (alteration.changes.empty()) return std::nullopt;
    return invalid_config("There is no logger named " + alteration.changes[0].name);
}

MaybeProblem no_client_metrics() { return invalid_request("Clients are not asked for their metrics here"); }

MaybeProblem unknown_type(const Resource& resource) {
    return invalid_request("There are no resources of type " + std::to_string(int(resource.type)));
}

} // namespace

std::vector<DescribedConfig> topic_configs(const Broker& broker, const log::ConfigOverrides& overrides) {
    const BrokerFacts facts = facts_of(broker);
    const log::ConfigDefaults defaults = broker.config_defaults();
    std::vector<DescribedConfig> configs;
    for (const log::ConfigKey& key : log::topic_config_keys())
        configs.push_back(describe(key, overrides, facts, defaults));
    return configs;
}

MaybeProblem describe(const Broker& broker, const Call& call, const Resource& resource,
                      std::vector<DescribedConfig>& configs) {
    switch (resource.type) {
    case ResourceType::topic:
        return describe_topic(broker, resource.name, configs);
    case ResourceType::broker:
        return describe_broker(broker, call, resource.name, configs);
    case ResourceType::broker_logger:
        return node_problem(broker, resource.name);
    case ResourceType::client_metrics:
        return no_client_metrics();
    case ResourceType::group:
        return describe_group(broker, resource.name, configs);
    }
    return unknown_type(resource);
}

MaybeProblem alter(Broker& broker, const Resource& resource, Alteration alteration) {
    switch (resource.type) {
    case ResourceType::topic:
        return alter_topic(broker, resource.name, std::move(alteration));
    case ResourceType::broker:
        return alter_broker(broker, resource.name, std::move(alteration));
    case ResourceType::broker_logger:
        return alter_loggers(broker, resource.name, alteration);
    case ResourceType::client_metrics:
        return no_client_metrics();
    case ResourceType::group:
        return alter_group(broker, resource.name, std::move(alteration));
    }
    return unknown_type(resource);
}

} // namespace kafka::api
