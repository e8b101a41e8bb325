// Configs of single groups: what they may be, and what holds.
#include "group/config.h"
#include "test.h"

using namespace kafka;
using group::GroupConfig;
using group::Settings;

namespace {

constexpr const char* session = "consumer.session.timeout.ms";
constexpr const char* heartbeat = "consumer.heartbeat.interval.ms";

Settings with(const GroupConfig& config) {
    Settings settings;
    settings.group_configs["g"] = config;
    return settings;
}

bool is_valid(const GroupConfig& config, const Settings& settings = {}) {
    return !group::config_problem(config, settings);
}

} // namespace

TEST("group configs: their values are numbers above 0, and other names are unknown") {
    GroupConfig config;
    CHECK(!group::set_config(config, session, "50000"));
    CHECK(!group::set_config(config, heartbeat, " 6000 "));
    CHECK(config == (GroupConfig{50000, 6000}));
    for (const char* bad : {"", "x", "5x", "0", "-1", "1.5", "2147483648"})
        CHECK(group::set_config(config, session, bad).has_value());
    CHECK(group::set_config(config, "share.session.timeout.ms", "50000").has_value());
    CHECK(config == (GroupConfig{50000, 6000}));
    group::reset_config(config, session);
    group::reset_config(config, "no.such");
    CHECK(config == (GroupConfig{std::nullopt, 6000}));
}

TEST("group configs: they lie within the broker's bounds, and a session outlasts a heartbeat") {
    CHECK(is_valid({}));
    CHECK(is_valid({45000, 5000}));
    CHECK(is_valid({60000, 15000}));
    CHECK(!is_valid({44999, std::nullopt}));
    CHECK(!is_valid({60001, std::nullopt}));
    CHECK(!is_valid({std::nullopt, 4999}));
    CHECK(!is_valid({std::nullopt, 15001}));
    Settings wide;
    wide.group_consumer_min_session_timeout_ms = 1;
    CHECK(is_valid({5001, std::nullopt}, wide));
    CHECK(!is_valid({5000, std::nullopt}, wide));
    CHECK(!is_valid({6000, 6000}, wide));
}

TEST("group configs: what holds is the group's value, else the broker's, within bounds that may have changed "
     "since") {
    const Settings settings = with({50000, 6000});
    CHECK_EQ(group::session_timeout_ms("g", settings), 50000);
    CHECK_EQ(group::heartbeat_interval_ms("g", settings), 6000);
    CHECK_EQ(group::session_timeout_ms("other", settings), 45000);
    CHECK_EQ(group::heartbeat_interval_ms("other", settings), 5000);
    const Settings outside = with({70000, 1000});
    CHECK_EQ(group::session_timeout_ms("g", outside), 60000);
    CHECK_EQ(group::heartbeat_interval_ms("g", outside), 5000);
    CHECK(group::config_of("other", settings) == GroupConfig{});
}

TEST("group configs: each is documented, and the broker has its like") {
    for (const group::ConfigKey& key : group::config_keys()) {
        CHECK(group::find_config(key.name) == &key);
        CHECK_EQ(std::string(key.broker_name), "group." + std::string(key.name));
        CHECK(std::string_view(key.documentation).ends_with("."));
    }
}
