// Changes of configs: what they come to, and which of them contradict each other.
#include "log/config_change.h"
#include "test.h"

using namespace kafka;
using log::ConfigChange;
using log::ConfigValues;
using wire::ErrorCode;
using enum log::ConfigOperation;

namespace {

/// There is one list.
std::optional<std::string> list_value(const std::string& name) {
    if (name != "list") return std::nullopt;
    return "a,b";
}

ConfigValues values_of(const std::vector<ConfigChange>& changes) {
    ConfigValues values;
    CHECK(!log::new_values(changes, list_value, values));
    return values;
}

ErrorCode error_of(const std::vector<ConfigChange>& changes) {
    ConfigValues values;
    const auto problem = log::new_values(changes, list_value, values);
    CHECK(values.empty());
    return problem ? problem->error : ErrorCode::none;
}

std::string list_after(log::ConfigOperation operation, const char* value) {
    return values_of({{"list", operation, value}})["list"].value_or("(none)");
}

} // namespace

TEST("config changes: values are set as they are given, and deleted") {
    const ConfigValues values =
        values_of({{"one", set, "1"}, {"two", unset, std::nullopt}, {"three", unset, "x"}});
    CHECK_EQ(values.size(), size_t(3));
    CHECK_EQ(values.at("one").value_or(""), "1");
    CHECK(!values.at("two"));
    CHECK(!values.at("three"));
}

TEST("config changes: lists get longer by what they lack, at their end, and shorter by what they have") {
    CHECK_EQ(list_after(append, "c"), "a,b,c");
    CHECK_EQ(list_after(append, "b, c ,c"), "a,b,c");
    CHECK_EQ(list_after(append, ""), "a,b");
    CHECK_EQ(list_after(subtract, "a"), "b");
    CHECK_EQ(list_after(subtract, "b,x"), "a");
    CHECK_EQ(list_after(subtract, "b,a"), "");
    CHECK_EQ(list_after(set, "x"), "x");
}

TEST("config changes: what is no list cannot be made longer or shorter") {
    CHECK_EQ(error_of({{"number", append, "1"}}), ErrorCode::invalid_config);
    CHECK_EQ(error_of({{"number", subtract, "1"}}), ErrorCode::invalid_config);
}

TEST("config changes: a name twice, a missing value and an unknown operation are no request") {
    CHECK_EQ(error_of({{"one", set, "1"}, {"one", set, "1"}}), ErrorCode::invalid_request);
    CHECK_EQ(error_of({{"one", unset, std::nullopt}, {"one", set, "1"}}), ErrorCode::invalid_request);
    CHECK_EQ(error_of({{"one", set, std::nullopt}}), ErrorCode::invalid_request);
    CHECK_EQ(error_of({{"list", append, std::nullopt}}), ErrorCode::invalid_request);
    CHECK_EQ(error_of({{"one", log::ConfigOperation(4), "1"}}), ErrorCode::invalid_request);
    CHECK_EQ(error_of({{"one", log::ConfigOperation(-1), "1"}}), ErrorCode::invalid_request);
}

TEST("config changes: a replacement deletes what it does not name") {
    const std::vector<ConfigChange> changes =
        log::replacing({"kept", "gone"}, {{"kept", set, "1"}, {"new", set, "2"}});
    const ConfigValues values = values_of(changes);
    CHECK_EQ(values.size(), size_t(3));
    CHECK_EQ(values.at("kept").value_or(""), "1");
    CHECK_EQ(values.at("new").value_or(""), "2");
    CHECK(!values.at("gone"));
    CHECK(log::replacing({}, {}).empty());
}
