// See broker_configs.h.
#include "api/broker_configs.h"

#include <algorithm>
#include <chrono>

namespace kafka::api {
namespace {

using T = log::ConfigType;
using F = BrokerFacts;
constexpr bool dynamic = true, fixed = false;

std::string text(int32_t number) { return std::to_string(number); }
std::string text(int64_t number) { return std::to_string(number); }
std::string text(bool value) { return value ? "true" : "false"; }
std::string text(std::chrono::milliseconds time) { return text(int64_t{time.count()}); }
std::string text(const std::vector<std::string>& list) {
    std::string all;
    for (const std::string& element : list) all += (all.empty() ? "" : ",") + element;
    return all;
}

std::string endpoint(const std::string& host, uint16_t port) {
    const bool is_ipv6 = host.find(':') != host.npos;
    return "PLAINTEXT://" + (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string listeners(const F& f) {
    std::vector<std::string> all;
    for (const std::string& host : f.settings.hosts)
        all.push_back(endpoint(host == "*" ? "" : host, f.settings.port));
    return text(all);
}

const BrokerConfig own_configs[] = {
    {"advertised.listeners", T::string, "", "advertised_host", fixed,
     [](const F& f) { return endpoint(f.advertised.host, f.advertised.port); },
     "Where clients are told to connect to; if that is not set, where each has connected to."},
    {"auto.create.topics.enable", T::boolean, "true", "auto_create_topics", dynamic,
     [](const F& f) { return text(f.settings.auto_create_topics); },
     "Whether a topic is made when a client first asks for it."},
    {"broker.id", T::integer, "1", "node_id", fixed, [](const F& f) { return text(f.settings.node_id); },
     "The number of this broker; the same as node.id."},
    {"compression.type", T::string, "producer", "compression_type", dynamic,
     [](const F& f) { return f.settings.compression_type; }, ""},
    {"connections.max.idle.ms", T::long_integer, "600000", "connections_max_idle_ms", dynamic,
     [](const F& f) { return text(f.settings.connections_max_idle.value_or(std::chrono::milliseconds(-1))); },
     "Time after which a silent connection is closed; -1 leaves it open."},
    {"default.replication.factor", T::integer, "1", "", fixed, nullptr,
     "Replicas of a topic that is made without a number: one, since it is Postgres that replicates."},
    {"delete.topic.enable", T::boolean, "true", "", fixed, nullptr, "Whether topics can be deleted."},
    {"fetch.max.bytes", T::integer, "57671680", "fetch_max_bytes", fixed,
     [](const F& f) { return text(f.settings.fetch_max_bytes); },
     "Most bytes of records in one response, unless the first batch is larger."},
    {"group.consumer.assignors", T::list, "uniform,range", "group_consumer_assignors", dynamic,
     [](const F& f) { return text(f.settings.group.consumer_assignors); },
     "Assignors of groups of the consumer protocol; the first is for members that do not choose."},
    {"group.consumer.heartbeat.interval.ms", T::integer, "5000", "group_consumer_heartbeat_interval_ms",
     dynamic, [](const F& f) { return text(f.settings.group.consumer_heartbeat_interval_ms); },
     "How often members of the consumer protocol are told to send a heartbeat; a group may have its own."},
    {"group.consumer.max.heartbeat.interval.ms", T::integer, "15000",
     "group_consumer_max_heartbeat_interval_ms", dynamic,
     [](const F& f) { return text(f.settings.group.consumer_max_heartbeat_interval_ms); },
     "Longest heartbeat interval that a group may have."},
    {"group.consumer.max.session.timeout.ms", T::integer, "60000", "group_consumer_max_session_timeout_ms",
     dynamic, [](const F& f) { return text(f.settings.group.consumer_max_session_timeout_ms); },
     "Longest session timeout that a group of the consumer protocol may have."},
    {"group.consumer.max.size", T::integer, "2147483647", "group_consumer_max_size", dynamic,
     [](const F& f) { return text(f.settings.group.consumer_max_size); },
     "Most members of a group of the consumer protocol."},
    {"group.consumer.migration.policy", T::string, "bidirectional", "group_consumer_migration_policy",
     dynamic, [](const F& f) { return f.settings.group.consumer_migration_policy; },
     "In which direction groups with members may change between the classic and the consumer protocol."},
    {"group.consumer.min.heartbeat.interval.ms", T::integer, "5000",
     "group_consumer_min_heartbeat_interval_ms", dynamic,
     [](const F& f) { return text(f.settings.group.consumer_min_heartbeat_interval_ms); },
     "Shortest heartbeat interval that a group may have."},
    {"group.consumer.min.session.timeout.ms", T::integer, "45000", "group_consumer_min_session_timeout_ms",
     dynamic, [](const F& f) { return text(f.settings.group.consumer_min_session_timeout_ms); },
     "Shortest session timeout that a group of the consumer protocol may have."},
    {"group.consumer.session.timeout.ms", T::integer, "45000", "group_consumer_session_timeout_ms", dynamic,
     [](const F& f) { return text(f.settings.group.consumer_session_timeout_ms); },
     "Time without a heartbeat after which a member of the consumer protocol is removed; a group may have "
     "its own."},
    {"group.initial.rebalance.delay.ms", T::integer, "3000", "group_initial_rebalance_delay_ms", dynamic,
     [](const F& f) { return text(f.settings.group.initial_rebalance_delay_ms); },
     "How long an empty classic group waits for more members."},
    {"group.max.session.timeout.ms", T::integer, "1800000", "group_max_session_timeout_ms", dynamic,
     [](const F& f) { return text(f.settings.group.max_session_timeout_ms); },
     "Longest session timeout that a member of a classic group may ask for."},
    {"group.max.size", T::integer, "2147483647", "group_max_size", dynamic,
     [](const F& f) { return text(f.settings.group.max_size); }, "Most members of a classic group."},
    {"group.min.session.timeout.ms", T::integer, "6000", "group_min_session_timeout_ms", dynamic,
     [](const F& f) { return text(f.settings.group.min_session_timeout_ms); },
     "Shortest session timeout that a member of a classic group may ask for."},
    {"listeners", T::string, "PLAINTEXT://localhost:9092", "host", fixed, listeners,
     "Where the broker listens for clients."},
    {"log.cleaner.backoff.ms", T::long_integer, "15000", "cleaner_backoff_ms", dynamic,
     [](const F& f) { return text(f.settings.cleaner_backoff); },
     "Time between two looks for topics to be compacted."},
    {"log.dirs", T::string, "", "", fixed, [](const F& f) { return f.data_directory; },
     "Where the server keeps its data."},
    {"log.retention.bytes", T::long_integer, "-1", "retention_bytes", dynamic,
     [](const F& f) { return text(f.settings.retention_bytes); }, ""},
    {"log.retention.check.interval.ms", T::long_integer, "300000", "retention_check_interval_ms", dynamic,
     [](const F& f) { return text(f.settings.retention_check_interval); },
     "How often it is looked which records are old enough to go."},
    {"log.retention.ms", T::long_integer, "604800000", "retention_ms", dynamic,
     [](const F& f) { return text(f.settings.retention_ms); }, ""},
    {"log.roll.ms", T::long_integer, "604800000", "segment_ms", dynamic,
     [](const F& f) { return text(f.settings.segment_ms); }, ""},
    {"log.segment.bytes", T::integer, "1073741824", "segment_bytes", dynamic,
     [](const F& f) { return text(f.settings.segment_bytes); }, ""},
    {"max.connections", T::integer, "1000", "max_connections", dynamic,
     [](const F& f) { return text(f.settings.max_connections); }, "Most connections of clients at a time."},
    {"max.incremental.fetch.session.cache.slots", T::integer, "1000", "max_fetch_sessions", fixed,
     [](const F& f) { return text(f.settings.max_fetch_sessions); },
     "How many incremental fetch sessions are remembered."},
    {"message.max.bytes", T::integer, "1048588", "message_max_bytes", dynamic,
     [](const F& f) { return text(f.settings.message_max_bytes); }, ""},
    {"node.id", T::integer, "1", "node_id", fixed, [](const F& f) { return text(f.settings.node_id); },
     "The number of this broker."},
    {"num.partitions", T::integer, "1", "default_partitions", dynamic,
     [](const F& f) { return text(f.settings.default_partitions); },
     "Partitions of a topic that is made without a number."},
    {"offset.metadata.max.bytes", T::integer, "4096", "offset_metadata_max_bytes", dynamic,
     [](const F& f) { return text(f.settings.offset_metadata_max_bytes); },
     "Most bytes that a consumer may store beside a committed offset."},
    {"offsets.retention.minutes", T::integer, "10080", "offsets_retention_minutes", dynamic,
     [](const F& f) { return text(f.settings.offsets_retention_minutes); },
     "How long offsets of a group without members are kept."},
    {"process.roles", T::list, "broker,controller", "", fixed, nullptr, "What this node is."},
    {"producer.id.expiration.ms", T::integer, "86400000", "producer_id_expiration_ms", dynamic,
     [](const F& f) { return text(f.settings.producer_id_expiration_ms); },
     "Time after which a silent idempotent producer is forgotten."},
    {"queued.max.request.bytes", T::long_integer, "268435456", "request_memory", fixed,
     [](const F& f) { return text(f.settings.request_memory); },
     "Memory for requests that are not answered yet."},
    {"socket.request.max.bytes", T::integer, "104857600", "max_request_bytes", fixed,
     [](const F& f) { return text(f.settings.max_request_bytes); }, "Largest request that is accepted."},
    {"transaction.abort.timed.out.transaction.cleanup.interval.ms", T::integer, "0",
     "transaction_abort_timed_out_transaction_cleanup_interval_ms", dynamic,
     [](const F& f) { return text(f.settings.transaction_time_out_interval); },
     "How often transactions past their time are looked for; 0 aborts each at its time."},
    {"transaction.max.timeout.ms", T::integer, "900000", "transaction_max_timeout_ms", dynamic,
     [](const F& f) { return text(f.settings.transaction_max_timeout_ms); },
     "Longest time that a producer may ask for its transactions."},
    {"transactional.id.expiration.ms", T::integer, "604800000", "transactional_id_expiration_ms", dynamic,
     [](const F& f) { return text(f.settings.transactional_id_expiration_ms); },
     "Time after which an unused transactional id is forgotten."},
};

/// What is not set for all topics here cannot be: the config says what each topic begins with.
BrokerConfig constant_for(const log::ConfigKey& topic_config) {
    BrokerConfig config;
    config.name = topic_config.broker_name;
    config.type = topic_config.type;
    config.default_value = topic_config.default_value;
    return config;
}

std::vector<BrokerConfig> make_configs() {
    std::vector<BrokerConfig> all(std::begin(own_configs), std::end(own_configs));
    for (const log::ConfigKey& key : log::topic_config_keys()) {
        if (!key.broker_name) continue;
        const auto same = [&](const BrokerConfig& config) { return config.name == key.broker_name; };
        auto config = std::find_if(all.begin(), all.end(), same);
        if (config == all.end()) config = all.insert(all.end(), constant_for(key));
        config->documentation = std::string("What holds for topics without a ") + key.name +
                                " of their own. " + log::documentation_of(key);
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return all;
}

ConfigSource source_of(const BrokerConfig& config, const F& facts, const std::string& value) {
    // A new Kafka cluster sets this one for all of its brokers (KIP-966).
    if (config.name == "min.insync.replicas") return ConfigSource::dynamic_default_broker;
    if (config.setting.empty())
        return value == config.default_value ? ConfigSource::built_in : ConfigSource::static_broker;
    switch (facts.settings.source_of(config.setting)) {
    case pg::SettingSource::built_in:
        return ConfigSource::built_in;
    case pg::SettingSource::altered:
        return ConfigSource::dynamic_broker;
    case pg::SettingSource::configured:
    case pg::SettingSource::command_line:
        break;
    }
    return ConfigSource::static_broker;
}

} // namespace

std::span<const BrokerConfig> broker_configs() {
    static const std::vector<BrokerConfig> all = make_configs();
    return all;
}

const BrokerConfig* find_broker_config(std::string_view name) {
    const std::span<const BrokerConfig> all = broker_configs();
    const auto it =
        std::lower_bound(all.begin(), all.end(), name,
                         [](const BrokerConfig& config, std::string_view n) { return config.name < n; });
    return it == all.end() || it->name != name ? nullptr : &*it;
}

std::string value_of(const BrokerConfig& config, const BrokerFacts& facts) {
    return config.value ? config.value(facts) : config.default_value;
}

std::vector<ConfigSynonym> synonyms_of(const BrokerConfig& config, const BrokerFacts& facts) {
    const std::string value = value_of(config, facts);
    const ConfigSource source = source_of(config, facts, value);
    std::vector<ConfigSynonym> synonyms;
    synonyms.push_back({config.name, value, source});
    if (source != ConfigSource::built_in)
        synonyms.push_back({config.name, config.default_value, ConfigSource::built_in});
    return synonyms;
}

} // namespace kafka::api
