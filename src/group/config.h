// Configs of single groups, for the consumer protocol (KIP-848): their names, what they may be, and what holds for a group.
// Those of share and streams groups are unknown here, as these protocols are. Pure.
#pragma once
#include "group/types.h"

#include <span>
#include <string_view>

namespace kafka::group {

/// One config that a group may have; all of them are times in milliseconds.
struct ConfigKey {
    const char* name;
    const char* broker_name; ///< the broker config that holds where the group has none
    std::optional<int32_t> GroupConfig::*own;
    int32_t Settings::*of_broker;
    int32_t Settings::*least; ///< a group may have, as the broker is set
    int32_t Settings::*most;
    const char* documentation;
};

/// All of them, sorted by name.
std::span<const ConfigKey> config_keys();
/// The key of that name, or null.
const ConfigKey* find_config(std::string_view name);

/// What is wrong with the value, a sentence for INVALID_CONFIG, or nothing; then it is in `config`.
std::optional<std::string> set_config(GroupConfig& config, std::string_view name, std::string_view value);
/// Takes the value away; unknown names have none.
void reset_config(GroupConfig& config, std::string_view name);
/// What is wrong with a group's configs under these settings, or nothing.
std::optional<std::string> config_problem(const GroupConfig& config, const Settings& settings);

/// What is set for the group.
GroupConfig config_of(std::string_view group_id, const Settings& settings);

// What holds for the group, within the broker's bounds, which may have changed since.

int32_t session_timeout_ms(std::string_view group_id, const Settings& settings);
int32_t heartbeat_interval_ms(std::string_view group_id, const Settings& settings);

} // namespace kafka::group
