// See config.h.
#include "group/config.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace kafka::group {
namespace {

constexpr ConfigKey keys[] = {
    {"consumer.heartbeat.interval.ms", "group.consumer.heartbeat.interval.ms",
     &GroupConfig::heartbeat_interval_ms, &Settings::group_consumer_heartbeat_interval_ms,
     &Settings::group_consumer_min_heartbeat_interval_ms, &Settings::group_consumer_max_heartbeat_interval_ms,
     "How often members of the consumer protocol are told to send a heartbeat."},
    {"consumer.session.timeout.ms", "group.consumer.session.timeout.ms", &GroupConfig::session_timeout_ms,
     &Settings::group_consumer_session_timeout_ms, &Settings::group_consumer_min_session_timeout_ms,
     &Settings::group_consumer_max_session_timeout_ms,
     "Time without a heartbeat after which a member of the consumer protocol is removed."},
};
constexpr const ConfigKey& heartbeat_interval = keys[0];
constexpr const ConfigKey& session_timeout = keys[1];

std::optional<int32_t> number_in(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    int32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

int32_t effective(const ConfigKey& key, const GroupConfig& config, const Settings& settings) {
    return (config.*key.own).value_or(settings.*key.of_broker);
}

int32_t within_bounds(const ConfigKey& key, std::string_view group_id, const Settings& settings) {
    const int32_t value = effective(key, config_of(group_id, settings), settings);
    return std::max(std::min(value, settings.*key.most), settings.*key.least);
}

} // namespace

std::span<const ConfigKey> config_keys() { return keys; }

const ConfigKey* find_config(std::string_view name) {
    const auto it = std::find_if(std::begin(keys), std::end(keys),
                                 [&](const ConfigKey& key) { return name == key.name; });
    return it == std::end(keys) ? nullptr : it;
}

std::optional<std::string> set_config(GroupConfig& config, std::string_view name, std::string_view value) {
    const ConfigKey* key = find_config(name);
    if (!key) return "There is no group config named " + std::string(name);
    const std::optional<int32_t> number = number_in(value);
    if (!number || *number < 1)
        return "The value " + std::string(value) + " is not valid for group config " + std::string(name);
    config.*key->own = number;
    return std::nullopt;
}

void reset_config(GroupConfig& config, std::string_view name) {
    if (const ConfigKey* key = find_config(name)) (config.*key->own).reset();
}

std::optional<std::string> config_problem(const GroupConfig& config, const Settings& settings) {
    for (const ConfigKey& key : keys) {
        const int32_t least = settings.*key.least, most = settings.*key.most;
        const std::optional<int32_t> own = config.*key.own;
        if (own && (*own < least || *own > most))
            return "The group config " + std::string(key.name) + " must be from " + std::to_string(least) +
                   " to " + std::to_string(most);
    }
    if (effective(session_timeout, config, settings) <= effective(heartbeat_interval, config, settings))
        return "The group config " + std::string(session_timeout.name) + " must be greater than " +
               heartbeat_interval.name;
    return std::nullopt;
}

GroupConfig config_of(std::string_view group_id, const Settings& settings) {
    const auto it = settings.group_configs.find(group_id);
    return it == settings.group_configs.end() ? GroupConfig{} : it->second;
}

int32_t session_timeout_ms(std::string_view group_id, const Settings& settings) {
    return within_bounds(session_timeout, group_id, settings);
}

int32_t heartbeat_interval_ms(std::string_view group_id, const Settings& settings) {
    return within_bounds(heartbeat_interval, group_id, settings);
}

} // namespace kafka::group
