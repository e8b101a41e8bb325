// The configuration of a topic: every topic config of Kafka 4.2 with its type, default and validation, and
// the typed values that the broker acts on. Pure; used by the main thread and by the SQL functions.
#pragma once
#include "wire/bytes.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kafka::log {

/// Types of config values, with the codes that DescribeConfigs and CreateTopics report.
enum class ConfigType : int8_t {
    boolean = 1,
    string = 2,
    integer = 3,
    long_integer = 5,
    decimal = 6,
    list = 7
};

/// One known topic config: what Kafka calls a ConfigKey.
struct ConfigKey {
    const char* name;
    ConfigType type;
    const char* default_value;
    int64_t min, max;          ///< range of integers (inclusive)
    const char* choices;       ///< space separated permitted values of strings and lists; null: any
    const char* broker_name;   ///< the broker config that is its default; null: none
    bool has_effect;           ///< not only kept and reported
    const char* documentation; ///< what it means; see documentation_of()
};

/// All topic configs of Kafka 4.2, sorted by name.
std::span<const ConfigKey> topic_config_keys();

/// The key of that name, or null.
const ConfigKey* find_topic_config(std::string_view name);

/// What it means, for people, and whether it does anything here.
std::string documentation_of(const ConfigKey& key);

/// True if the value can be read as one of that type.
bool is_of_type(ConfigType type, std::string_view value);

/// What is wrong with this value for this config (a sentence for INVALID_CONFIG), or nothing.
std::optional<std::string> config_problem(std::string_view name, const std::optional<std::string>& value);

/// Configs that were set for a topic: name to value, as given.
using ConfigOverrides = std::map<std::string, std::string, std::less<>>;

/// What is wrong with these configs together, each of which is valid alone (a sentence for INVALID_CONFIG),
/// or nothing.
std::optional<std::string> configs_conflict(const ConfigOverrides& overrides);

/// Broker-wide values that a topic without an override of its own falls back to (settings of the server).
struct ConfigDefaults {
    std::string compression_type = "producer";
    int64_t max_message_bytes = 1048588;
    int64_t segment_bytes = 1073741824;
    int64_t segment_ms = 604800000;
    int64_t retention_ms = 604800000;
    int64_t retention_bytes = -1;
};

/// The effective value of one config: the override, else the broker's default, else Kafka's.
std::string effective_value(const ConfigKey& key, const ConfigOverrides& overrides,
                            const ConfigDefaults& defaults);

/// The effective configs that the broker reads on its way of work.
struct TopicConfig {
    std::string compression_type;         ///< "producer", "uncompressed", or a codec's name
    std::optional<int> compression_level; ///< level for the codec named above; nothing: the codec's default
    int64_t max_message_bytes = 0;        ///< largest batch, compressed, header included
    int64_t segment_bytes = 0;            ///< a segment rolls before it grows past this
    int64_t segment_ms = 0;               ///< a segment rolls when it is older than this
    int64_t retention_ms = 0;             ///< records are kept for so long at the least; -1: forever
    int64_t retention_bytes = 0;          ///< and so many bytes of each partition at the least; -1: all
    bool deletes = false;  ///< cleanup.policy contains delete: what retention does not keep goes
    bool compacts = false; ///< cleanup.policy contains compact: keys are required
    double min_cleanable_dirty_ratio = 0; ///< share of the log that compaction begins at
    int64_t min_compaction_lag_ms = 0,
            max_compaction_lag_ms = 0; ///< age of what may, and what must be compacted
    int64_t delete_retention_ms = 0;   ///< so long compaction leaves tombstones
    int32_t min_insync_replicas = 1;   ///< for acks=all
    bool log_append_time = false;      ///< message.timestamp.type is LogAppendTime
    int64_t timestamp_before_max_ms = 0, timestamp_after_max_ms = 0; ///< how far a CreateTime may be from now

    /// Clients must not: whoever reads a topic that is only compacted relies on finding each key.
    bool may_delete_records() const { return deletes || !compacts; }
};

/// The typed view of overrides over defaults. Overrides must have been validated.
TopicConfig resolve(const ConfigOverrides& overrides, const ConfigDefaults& defaults);

/// Most partitions that a topic, and all topics of one CreateTopics request together, may be created with.
constexpr int32_t max_partitions = 10000;

/// What is wrong with a topic's name by Kafka's rules (1-249 of letters, digits, `.`, `_`, `-`; not "." or
/// ".."), as a sentence for INVALID_TOPIC_EXCEPTION, or nothing.
std::optional<std::string> topic_name_problem(std::string_view name);

/// True of the topics of Kafka's coordinators (__consumer_offsets and the like); UIs hide them.
bool is_internal_topic(std::string_view name);

/// True of the name of the controllers' own log (__cluster_metadata), which no client may create.
bool is_reserved_topic(std::string_view name);

} // namespace kafka::log
