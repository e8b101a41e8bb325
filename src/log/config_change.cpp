// See config_change.h.
#include "log/config_change.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace kafka::log {
namespace {

using wire::ErrorCode;
using enum ConfigOperation;

using Elements = std::vector<std::string>;

Elements split(std::string_view list) {
    Elements elements;
    while (!list.empty()) {
        const size_t comma = std::min(list.find(','), list.size());
        std::string_view element = list.substr(0, comma);
        list.remove_prefix(std::min(comma + 1, list.size()));
        while (element.starts_with(' ')) element.remove_prefix(1);
        while (element.ends_with(' ')) element.remove_suffix(1);
        if (!element.empty()) elements.emplace_back(element);
    }
    return elements;
}

std::string joined(const Elements& elements) {
    std::string list;
    for (const std::string& element : elements) list += (list.empty() ? "" : ",") + element;
    return list;
}

bool contains(const Elements& elements, const std::string& element) {
    return std::find(elements.begin(), elements.end(), element) != elements.end();
}

std::string appended(Elements list, const Elements& more) {
    for (const std::string& element : more)
        if (!contains(list, element)) list.push_back(element);
    return joined(list);
}

std::string subtracted(Elements list, const Elements& less) {
    std::erase_if(list, [&](const std::string& element) { return contains(less, element); });
    return joined(list);
}

std::optional<ConfigProblem> invalid(std::string message) {
    return ConfigProblem{ErrorCode::invalid_request, std::move(message)};
}

/// What is wrong with the changes by themselves.
std::optional<ConfigProblem> contradiction(const std::vector<ConfigChange>& changes) {
    std::set<std::string> names;
    for (const ConfigChange& change : changes) {
        if (!names.insert(change.name).second)
            return invalid("The config " + change.name + " is named more than once");
        if (change.operation < set || change.operation > subtract)
            return invalid("There is no operation " + std::to_string(int(change.operation)));
        if (change.operation != unset && !change.value)
            return invalid("The config " + change.name + " needs a value");
    }
    return std::nullopt;
}

} // namespace

std::optional<ConfigProblem> new_values(const std::vector<ConfigChange>& changes, const ListValue& list_value,
                                        ConfigValues& values) {
    if (auto problem = contradiction(changes)) return problem;
    for (const ConfigChange& change : changes) {
        if (change.operation == set || change.operation == unset) {
            values[change.name] = change.operation == set ? change.value : std::nullopt;
            continue;
        }
        const std::optional<std::string> list = list_value(change.name);
        if (!list)
            return ConfigProblem{ErrorCode::invalid_config, "The config " + change.name + " is not a list"};
        values[change.name] = change.operation == append ? appended(split(*list), split(*change.value))
                                                         : subtracted(split(*list), split(*change.value));
    }
    return std::nullopt;
}

std::vector<ConfigChange> replacing(const std::vector<std::string>& present,
                                    std::vector<ConfigChange> given) {
    std::set<std::string> names;
    for (const ConfigChange& change : given) names.insert(change.name);
    for (const std::string& name : present)
        if (!names.contains(name)) given.push_back({name, unset, std::nullopt});
    return given;
}

} // namespace kafka::log
