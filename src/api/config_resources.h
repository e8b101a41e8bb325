// What has configs: topics, the broker, groups. How the configs of each are described and changed; what DescribeConfigs,
// AlterConfigs and IncrementalAlterConfigs have in common. Main thread only.
#pragma once
#include "api/broker.h"
#include "api/broker_configs.h"

namespace kafka::api {

/// Types of resources, with Kafka's codes.
enum class ResourceType : int8_t {
    topic = 2,
    broker = 4,
    broker_logger = 8,
    client_metrics = 16,
    group = 32
};

/// A resource as a request names it; the type perhaps none of those above.
struct Resource {
    ResourceType type;
    const std::string& name;
};

/// One config of a resource as it is now.
struct DescribedConfig {
    std::string name;
    log::ConfigType type = log::ConfigType::string;
    std::string value;
    bool read_only = false;
    ConfigSource source = ConfigSource::built_in;
    std::vector<ConfigSynonym> synonyms; ///< the places that say what it is to be, the one that holds first
    std::string documentation;
};

/// Why something cannot be done, or nothing.
using MaybeProblem = std::optional<log::ConfigProblem>;

/// The configs of a topic for which these are set.
std::vector<DescribedConfig> topic_configs(const Broker& broker, const log::ConfigOverrides& overrides);

/// Hands over all configs of the resource, unless there is a problem with it.
MaybeProblem describe(const Broker& broker, const Call& call, const Resource& resource,
                      std::vector<DescribedConfig>& configs);

/// A change of configs.
struct Alteration {
    std::vector<log::ConfigChange> changes;
    bool replaces = false;      ///< what the changes do not name is deleted
    bool validate_only = false; ///< nothing is changed
};

/// Changes configs of the resource: all that is asked for, or nothing. Those of the broker are in effect after a reload of the
/// settings, which has been asked for.
MaybeProblem alter(Broker& broker, const Resource& resource, Alteration alteration);

} // namespace kafka::api
