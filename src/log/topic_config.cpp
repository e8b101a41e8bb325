// Topic configs: validation as Kafka's LogConfig does it, and resolution to typed values.
#include "log/topic_config.h"

#include <algorithm>
#include <charconv>

namespace kafka::log {
namespace {

using T = ConfigType;

std::string_view trim(std::string_view s) {
    const auto space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    while (!s.empty() && space(s.front())) s.remove_prefix(1);
    while (!s.empty() && space(s.back())) s.remove_suffix(1);
    return s;
}

template <class Number> std::optional<Number> parse(std::string_view s) {
    s = trim(s);
    if (s.starts_with('+') && !s.starts_with("+-")) s.remove_prefix(1);
    Number n{};
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
    if (error != std::errc() || end != s.data() + s.size()) return std::nullopt;
    return n;
}

/// Calls `f` for each element of a list split at `separator`, blanks around it removed. A blank list has
/// none.
template <class F> void for_each_element(std::string_view list, char separator, F f) {
    for (bool more = !trim(list).empty(); more;) {
        const size_t at = list.find(separator);
        f(trim(list.substr(0, at)));
        more = at != list.npos;
        if (more) list.remove_prefix(at + 1);
    }
}

bool is_choice(const char* choices, std::string_view value) {
    bool found = choices == nullptr;
    if (choices) for_each_element(choices, ' ', [&](std::string_view c) { found |= c == value; });
    return found;
}

/// Ignores the case of letters in `value`; `word` is in lower case.
bool is_word(std::string_view value, std::string_view word) {
    const std::string_view s = trim(value);
    return std::equal(s.begin(), s.end(), word.begin(), word.end(),
                      [](char a, char b) { return (a | 0x20) == b; });
}
bool is_true(std::string_view value) { return is_word(value, "true"); }
bool is_boolean(std::string_view value) { return is_true(value) || is_word(value, "false"); }

bool is_number(std::string_view s) {
    return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// "partition:broker", as an element of the lists of throttled replicas; it may be missing.
bool is_replica(std::string_view element) {
    const size_t colon = element.find(':');
    if (element.empty()) return true;
    return colon != element.npos && is_number(element.substr(0, colon)) &&
           is_number(element.substr(colon + 1));
}

/// An empty list is a value like any other, also for cleanup.policy.
bool is_valid_list(const ConfigKey& key, std::string_view value) {
    if (!key.choices && trim(value) == "*") return true; // all replicas
    bool valid = true;
    for_each_element(value, ',', [&](std::string_view element) {
        valid &= key.choices ? is_choice(key.choices, element) : is_replica(element);
    });
    return valid;
}

bool is_valid(const ConfigKey& key, std::string_view value) {
    switch (key.type) {
    case T::boolean:
        return is_boolean(value);
    case T::string:
        return is_choice(key.choices, trim(value));
    case T::list:
        return is_valid_list(key, value);
    case T::decimal: {
        const auto n = parse<double>(value);
        return n && *n >= double(key.min) && *n <= double(key.max);
    }
    case T::integer:
    case T::long_integer: {
        const auto n = parse<int64_t>(value);
        return n && *n >= key.min && *n <= key.max;
    }
    }
    return false;
}

/// A codec has a level of its own; gzip's -1 means "as zlib thinks best".
std::optional<int> level_of(std::string_view codec, const ConfigOverrides& overrides) {
    const auto it = overrides.find("compression." + std::string(codec) + ".level");
    if (it == overrides.end()) return std::nullopt;
    return parse<int>(it->second);
}

bool is_list_of_words(std::string_view value) {
    bool valid = true;
    for_each_element(value, ',', [&](std::string_view element) { valid &= !element.empty(); });
    return valid;
}

/// What values are valid, where that can be said in a few words.
std::string permitted(const ConfigKey& key) {
    if (key.choices) return ": the choice is " + std::string(key.choices);
    if (key.type != T::integer && key.type != T::long_integer) return "";
    if (key.min == INT64_MIN) return ": it must be a number";
    return ": it must be from " + std::to_string(key.min) + " to " + std::to_string(key.max);
}

} // namespace

bool is_of_type(ConfigType type, std::string_view value) {
    switch (type) {
    case T::boolean:
        return is_boolean(value);
    case T::string:
        return true;
    case T::list:
        return is_list_of_words(value);
    case T::decimal:
        return parse<double>(value).has_value();
    case T::integer:
        return parse<int32_t>(value).has_value();
    case T::long_integer:
        return parse<int64_t>(value).has_value();
    }
    return false;
}

std::optional<std::string> config_problem(std::string_view name, const std::optional<std::string>& value) {
    const ConfigKey* key = find_topic_config(name);
    if (!key) return "There is no topic config named " + std::string(name);
    if (!value) return "The topic config " + std::string(name) + " needs a value";
    if (!is_valid(*key, *value))
        return "The value " + *value + " is not valid for topic config " + std::string(name) +
               permitted(*key);
    // Bounds at which Kafka's zlib and ours differ: 0 would mean "store only", which Kafka does not offer.
    if (name == "compression.gzip.level" && parse<int64_t>(*value) == 0)
        return "The value 0 is not valid for topic config " + std::string(name);
    if (name == "remote.storage.enable" && is_true(*value)) return "There is no tiered storage here";
    return std::nullopt;
}

std::optional<std::string> configs_conflict(const ConfigOverrides& overrides) {
    const auto number = [&](const char* name) {
        return parse<int64_t>(effective_value(*find_topic_config(name), overrides, {})).value_or(0);
    };
    if (number("min.compaction.lag.ms") > number("max.compaction.lag.ms"))
        return "The topic config min.compaction.lag.ms is greater than max.compaction.lag.ms";
    return std::nullopt;
}

std::string effective_value(const ConfigKey& key, const ConfigOverrides& overrides,
                            const ConfigDefaults& defaults) {
    const std::string_view name = key.name;
    if (const auto it = overrides.find(name); it != overrides.end()) return it->second;
    if (name == "compression.type") return defaults.compression_type;
    if (name == "max.message.bytes") return std::to_string(defaults.max_message_bytes);
    if (name == "segment.bytes") return std::to_string(defaults.segment_bytes);
    if (name == "segment.ms") return std::to_string(defaults.segment_ms);
    if (name == "retention.ms") return std::to_string(defaults.retention_ms);
    if (name == "retention.bytes") return std::to_string(defaults.retention_bytes);
    return key.default_value;
}

TopicConfig resolve(const ConfigOverrides& overrides, const ConfigDefaults& defaults) {
    const auto text = [&](const char* name) {
        return effective_value(*find_topic_config(name), overrides, defaults);
    };
    const auto number = [&](const char* name) { return parse<int64_t>(text(name)).value_or(0); };
    TopicConfig config{};
    config.compression_type = trim(text("compression.type"));
    config.compression_level = level_of(config.compression_type, overrides);
    config.max_message_bytes = number("max.message.bytes");
    config.segment_bytes = number("segment.bytes");
    config.segment_ms = number("segment.ms");
    config.retention_ms = number("retention.ms");
    config.retention_bytes = number("retention.bytes");
    config.min_cleanable_dirty_ratio = parse<double>(text("min.cleanable.dirty.ratio")).value_or(0);
    config.min_compaction_lag_ms = number("min.compaction.lag.ms");
    config.max_compaction_lag_ms = number("max.compaction.lag.ms");
    config.delete_retention_ms = number("delete.retention.ms");
    config.min_insync_replicas = int32_t(number("min.insync.replicas"));
    config.log_append_time = trim(text("message.timestamp.type")) == "LogAppendTime";
    config.timestamp_before_max_ms = number("message.timestamp.before.max.ms");
    config.timestamp_after_max_ms = number("message.timestamp.after.max.ms");
    for_each_element(text("cleanup.policy"), ',', [&](std::string_view p) {
        config.deletes |= p == "delete";
        config.compacts |= p == "compact";
    });
    // Only what is closed is compacted.
    if (config.compacts) config.segment_ms = std::min(config.segment_ms, config.max_compaction_lag_ms);
    return config;
}

std::optional<std::string> topic_name_problem(std::string_view name) {
    if (name.empty()) return "A topic needs a name";
    if (name == "." || name == "..") return "'.' and '..' cannot be topic names";
    if (name.size() > 249) return "A topic name has at most 249 characters";
    const auto legal = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '_' || c == '-';
    };
    if (!std::all_of(name.begin(), name.end(), legal))
        return "A topic name consists of ASCII letters, digits, '.', '_' and '-'";
    return std::nullopt;
}

bool is_internal_topic(std::string_view name) {
    return name == "__consumer_offsets" || name == "__transaction_state" || name == "__share_group_state";
}

bool is_reserved_topic(std::string_view name) { return name == "__cluster_metadata"; }

} // namespace kafka::log
