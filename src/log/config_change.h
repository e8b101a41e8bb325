// How the configs of a resource are changed one by one: set, deleted, lists made longer or shorter. What is asked for
// becomes new values, which whoever knows the resource then judges. Pure.
#pragma once
#include "wire/errors.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kafka::log {

/// Operations of IncrementalAlterConfigs, with their codes.
enum class ConfigOperation : int8_t { set = 0, unset = 1, append = 2, subtract = 3 };

/// One change as it is asked for.
struct ConfigChange {
    std::string name;
    ConfigOperation operation; ///< perhaps none of those above
    std::optional<std::string> value;
};

/// Configs by name with their new values; nothing: the default holds again.
using ConfigValues = std::map<std::string, std::optional<std::string>, std::less<>>;

/// Why something cannot be done, in the response's words.
struct ConfigProblem {
    wire::ErrorCode error;
    std::string message;
};

/// The value that a list has now; nothing if there is no list of that name.
using ListValue = std::function<std::optional<std::string>(const std::string& name)>;

/// What is wrong with the changes, whatever resource they are for, or nothing; then `values` are what they come to.
std::optional<ConfigProblem> new_values(const std::vector<ConfigChange>& changes, const ListValue& list_value,
                                        ConfigValues& values);

/// The changes after which nothing is set but `given`, where now `present` are set.
std::vector<ConfigChange> replacing(const std::vector<std::string>& present, std::vector<ConfigChange> given);

} // namespace kafka::log
