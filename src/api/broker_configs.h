// The broker's configs by Kafka's names, and what they are here: settings of the server, facts that cannot be changed, and the
// defaults of topic configs. Pure.
//
// Which of them clients may change is narrower than what the server takes: not where the broker listens, nor how much memory
// requests may take.
#pragma once
#include "log/topic_config.h"
#include "net/address.h"
#include "pg/settings.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kafka::api {

/// What values are made of.
struct BrokerFacts {
    const pg::Settings& settings;
    net::Address advertised; ///< where the client that asks is told to connect to
    std::string data_directory;
};

struct BrokerConfig {
    std::string name;
    log::ConfigType type = log::ConfigType::string;
    std::string default_value; ///< of ours, where Kafka has another
    std::string setting;       ///< the setting of the server that it is, without prefix; empty: none
    bool dynamic = false;      ///< clients may change it
    std::string (*value)(const BrokerFacts& facts) = nullptr; ///< null: always the default
    std::string documentation;
};

/// All of them, sorted by name.
std::span<const BrokerConfig> broker_configs();
/// The config of that name, or null.
const BrokerConfig* find_broker_config(std::string_view name);
/// What it is now.
std::string value_of(const BrokerConfig& config, const BrokerFacts& facts);

/// Where a value comes from, with the codes of DescribeConfigs.
enum class ConfigSource : int8_t {
    topic = 1,
    dynamic_broker = 2,
    dynamic_default_broker = 3,
    static_broker = 4,
    built_in = 5,
    group = 8
};

/// One place that says what a config is to be.
struct ConfigSynonym {
    std::string name;
    std::string value;
    ConfigSource source;
};

/// The places for a broker config, the one that holds first. What was set by ALTER SYSTEM is a dynamic config of the broker.
std::vector<ConfigSynonym> synonyms_of(const BrokerConfig& config, const BrokerFacts& facts);

} // namespace kafka::api
