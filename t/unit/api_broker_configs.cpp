// The broker's configs: their table, and where values come from.
#include "api/broker_configs.h"
#include "test.h"

using namespace kafka;
using api::ConfigSource;

namespace {

struct World {
    pg::Settings settings;
    api::BrokerFacts facts{settings, {"127.0.0.1", 9092}, "/data"};

    std::string value(const char* name) { return value_of(*api::find_broker_config(name), facts); }
    std::vector<api::ConfigSynonym> synonyms(const char* name) {
        return synonyms_of(*api::find_broker_config(name), facts);
    }
};

} // namespace

TEST("broker configs: sorted by name, documented, and of values that have their types") {
    const auto all = api::broker_configs();
    for (size_t i = 1; i < all.size(); i++) CHECK(all[i - 1].name < all[i].name);
    for (const api::BrokerConfig& config : all) {
        CHECK(api::find_broker_config(config.name) == &config);
        CHECK(config.documentation.ends_with("."));
        CHECK(log::is_of_type(config.type, config.default_value));
        CHECK(!config.dynamic || !config.setting.empty());
    }
    CHECK(api::find_broker_config("no.such") == nullptr);
}

TEST("broker configs: the default of every topic config is among them") {
    for (const log::ConfigKey& key : log::topic_config_keys()) {
        if (!key.broker_name) continue;
        const api::BrokerConfig* config = api::find_broker_config(key.broker_name);
        CHECK(config != nullptr);
        CHECK_EQ(config->default_value, key.default_value);
        CHECK(config->type == key.type);
    }
}

TEST("broker configs: values are those of the settings, and facts") {
    World world;
    world.settings.default_partitions = 7;
    world.settings.auto_create_topics = true;
    world.settings.retention_ms = 604800001;
    world.settings.group.consumer_assignors = {"range", "uniform"};
    world.settings.hosts = {"localhost", "::1", "*"};
    world.settings.port = 9093;
    CHECK_EQ(world.value("num.partitions"), "7");
    CHECK_EQ(world.value("auto.create.topics.enable"), "true");
    CHECK_EQ(world.value("log.retention.ms"), "604800001");
    CHECK_EQ(world.value("connections.max.idle.ms"), "-1");
    CHECK_EQ(world.value("group.consumer.assignors"), "range,uniform");
    CHECK_EQ(world.value("listeners"), "PLAINTEXT://localhost:9093,PLAINTEXT://[::1]:9093,PLAINTEXT://:9093");
    CHECK_EQ(world.value("advertised.listeners"), "PLAINTEXT://127.0.0.1:9092");
    CHECK_EQ(world.value("log.dirs"), "/data");
    CHECK_EQ(world.value("log.cleanup.policy"), "delete");
}

TEST("broker configs: what ALTER SYSTEM has set is dynamic, what files say is static") {
    World world;
    world.settings.default_partitions = 7;
    CHECK_EQ(world.synonyms("num.partitions").size(), size_t(1));
    CHECK(world.synonyms("num.partitions")[0].source == ConfigSource::built_in);
    for (const auto& [from, source] : {std::pair(pg::SettingSource::altered, ConfigSource::dynamic_broker),
                                       {pg::SettingSource::configured, ConfigSource::static_broker},
                                       {pg::SettingSource::command_line, ConfigSource::static_broker}}) {
        world.settings.sources["default_partitions"] = from;
        const auto synonyms = world.synonyms("num.partitions");
        CHECK_EQ(synonyms.size(), size_t(2));
        CHECK(synonyms[0].source == source);
        CHECK_EQ(synonyms[0].value, "7");
        CHECK(synonyms[1].source == ConfigSource::built_in);
        CHECK_EQ(synonyms[1].value, "1");
    }
    CHECK(world.synonyms("log.dirs")[0].source == ConfigSource::static_broker);
    CHECK(world.synonyms("delete.topic.enable")[0].source == ConfigSource::built_in);
}
