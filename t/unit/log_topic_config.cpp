// Topic configs and topic names: what is accepted, what it means, and what Kafka would say of it.
#include "log/topic_config.h"
#include "test.h"

#include <algorithm>
#include <iterator>

using namespace kafka;

namespace {

bool accepts(const char* name, const char* value) { return !log::config_problem(name, std::string(value)); }

log::TopicConfig with(log::ConfigOverrides overrides) { return log::resolve(overrides, {}); }

std::string effective(const char* name, const log::ConfigOverrides& overrides,
                      const log::ConfigDefaults& defaults) {
    return log::effective_value(*log::find_topic_config(name), overrides, defaults);
}

} // namespace

TEST("the topic configs are those of Kafka 4.2, sorted by name") {
    const auto keys = log::topic_config_keys();
    CHECK_EQ(keys.size(), size_t(33));
    for (size_t i = 1; i < keys.size(); i++) CHECK(std::string_view(keys[i - 1].name) < keys[i].name);
    CHECK(log::find_topic_config("retention.ms") != nullptr);
    CHECK(log::find_topic_config("Retention.ms") == nullptr);
}

TEST("the default of every topic config is valid") {
    for (const log::ConfigKey& key : log::topic_config_keys()) CHECK(accepts(key.name, key.default_value));
}

TEST("an unknown topic config and one without a value are refused, and the sentence names them") {
    CHECK(log::config_problem("no.such", "1").value_or("").find("no.such") != std::string::npos);
    CHECK(log::config_problem("", "1").has_value());
    CHECK(log::config_problem("retention.ms", std::nullopt).value_or("").find("retention.ms") !=
          std::string::npos);
}

TEST("integers of topic configs are parsed and bounded as in Kafka") {
    for (const char* good : {"5", "+5", " 5 ", "-1", "9223372036854775807"})
        CHECK(accepts("retention.ms", good));
    for (const char* bad :
         {"-2", "", " ", "x", "5x", "0x5", "--5", "+-5", "-+5", "1.5", "9223372036854775808"})
        CHECK(!accepts("retention.ms", bad));
    CHECK(accepts("retention.bytes", "-9"));
    CHECK(accepts("segment.bytes", "1048576"));
    CHECK(!accepts("segment.bytes", "1048575"));
    CHECK(accepts("max.message.bytes", "2147483647"));
    CHECK(!accepts("max.message.bytes", "2147483648"));
    CHECK(!accepts("segment.ms", "0"));
}

TEST("compression levels have the bounds of their codecs, and gzip has no level 0") {
    for (const char* good : {"-1", "1", "9"}) CHECK(accepts("compression.gzip.level", good));
    for (const char* bad : {"0", "10", "-2"}) CHECK(!accepts("compression.gzip.level", bad));
    for (const char* good : {"1", "17"}) CHECK(accepts("compression.lz4.level", good));
    for (const char* bad : {"0", "18"}) CHECK(!accepts("compression.lz4.level", bad));
    for (const char* good : {"-131072", "0", "22"}) CHECK(accepts("compression.zstd.level", good));
    for (const char* bad : {"-131073", "23"}) CHECK(!accepts("compression.zstd.level", bad));
}

TEST("booleans of topic configs ignore case and blanks") {
    for (const char* good : {"true", "FALSE", " tRue "}) CHECK(accepts("preallocate", good));
    for (const char* bad : {"1", "yes", "", "truee", "tru"}) CHECK(!accepts("preallocate", bad));
}

TEST("words of topic configs heed case") {
    for (const char* good : {"producer", "uncompressed", "gzip", "snappy", " lz4 ", "zstd"})
        CHECK(accepts("compression.type", good));
    for (const char* bad : {"ZSTD", "", "none", "gzip snappy"}) CHECK(!accepts("compression.type", bad));
    CHECK(accepts("message.timestamp.type", "LogAppendTime"));
    CHECK(!accepts("message.timestamp.type", "logappendtime"));
}

TEST("fractions of topic configs are bounded") {
    for (const char* good : {"0", "0.25", "1", "5e-1"}) CHECK(accepts("min.cleanable.dirty.ratio", good));
    for (const char* bad : {"1.5", "-0.1", "", "half"}) CHECK(!accepts("min.cleanable.dirty.ratio", bad));
}

TEST("the list of cleanup policies may be empty, its elements may not") {
    for (const char* good : {"compact", "delete,compact", " delete , compact ", "delete,delete", "", " "})
        CHECK(accepts("cleanup.policy", good));
    for (const char* bad : {"burn", "delete,", ",", ",delete", "delete,,compact", "delete;compact"})
        CHECK(!accepts("cleanup.policy", bad));
}

TEST("throttled replicas are pairs of numbers, or all of them") {
    for (const char* good : {"", " * ", "0:1", "0:1,1:2", " 0:1 , 1:2 ", "0:1,"})
        CHECK(accepts("leader.replication.throttled.replicas", good));
    for (const char* bad : {"abc", "0", "0:", ":1", "*,0:1", "0:a", "-1:1"})
        CHECK(!accepts("follower.replication.throttled.replicas", bad));
}

TEST("tiered storage cannot be switched on") {
    CHECK(accepts("remote.storage.enable", "false"));
    CHECK(!accepts("remote.storage.enable", "TRUE"));
}

TEST("configs that contradict each other are found, also against a default") {
    CHECK(!log::configs_conflict({}));
    CHECK(!log::configs_conflict({{"min.compaction.lag.ms", "5"}, {"max.compaction.lag.ms", "5"}}));
    CHECK(
        log::configs_conflict({{"min.compaction.lag.ms", "6"}, {"max.compaction.lag.ms", "5"}}).has_value());
    CHECK(!log::configs_conflict({{"min.compaction.lag.ms", "9000000000"}}));
}

TEST("a topic without configs works as the settings say") {
    log::ConfigDefaults defaults;
    defaults.compression_type = "zstd";
    defaults.max_message_bytes = 11;
    defaults.segment_bytes = 22;
    defaults.segment_ms = 33;
    const log::TopicConfig config = log::resolve({}, defaults);
    CHECK_EQ(config.compression_type, "zstd");
    CHECK_EQ(config.max_message_bytes, int64_t(11));
    CHECK_EQ(config.segment_bytes, int64_t(22));
    CHECK_EQ(config.segment_ms, int64_t(33));
    CHECK_EQ(effective("segment.ms", {}, defaults), "33");
    CHECK_EQ(effective("compression.type", {}, defaults), "zstd");
}

TEST("a topic's own configs win, and are shown as they were given") {
    const log::ConfigOverrides overrides{{"segment.bytes", " 2000000 "}, {"compression.type", " gzip "}};
    log::ConfigDefaults defaults;
    defaults.compression_type = "zstd";
    const log::TopicConfig config = log::resolve(overrides, defaults);
    CHECK_EQ(config.segment_bytes, int64_t(2000000));
    CHECK_EQ(config.compression_type, "gzip");
    CHECK_EQ(effective("segment.bytes", overrides, defaults), " 2000000 ");
    CHECK_EQ(effective("retention.ms", overrides, defaults), "604800000");
}

TEST("the level that counts is that of the topic's codec") {
    const log::ConfigOverrides levels{{"compression.gzip.level", "2"}, {"compression.zstd.level", "-7"}};
    const auto level_for = [&](const char* type) {
        log::ConfigOverrides overrides = levels;
        overrides["compression.type"] = type;
        return with(overrides).compression_level;
    };
    CHECK_EQ(level_for("gzip").value_or(0), 2);
    CHECK_EQ(level_for("zstd").value_or(0), -7);
    CHECK(!level_for("lz4").has_value());
    CHECK(!level_for("producer").has_value());
}

TEST("cleanup policy and timestamps are resolved") {
    CHECK(!with({}).compacts);
    CHECK(with({{"cleanup.policy", " delete , compact "}}).compacts);
    CHECK(!with({{"cleanup.policy", ""}}).compacts);
    CHECK(!with({}).log_append_time);
    CHECK(with({{"message.timestamp.type", " LogAppendTime"}}).log_append_time);
    CHECK_EQ(with({}).timestamp_after_max_ms, int64_t(3600000));
    CHECK_EQ(with({{"message.timestamp.before.max.ms", "7"}}).timestamp_before_max_ms, int64_t(7));
}

TEST("topic names have 1 to 249 letters, digits, dots, underscores and dashes") {
    for (const std::string& good :
         {std::string("a"), std::string("A.b_c-9"), std::string("..."), std::string(249, 'x')})
        CHECK(!log::topic_name_problem(good));
    for (const std::string& bad :
         {std::string(), std::string("."), std::string(".."), std::string("a b"), std::string("a/b"),
          std::string("\xc3\xa4"), std::string(1, '\0'), std::string(250, 'x')})
        CHECK(log::topic_name_problem(bad).has_value());
}

TEST("Kafka's own topics are known by name") {
    for (const char* name : {"__consumer_offsets", "__transaction_state", "__share_group_state"}) {
        CHECK(log::is_internal_topic(name));
        CHECK(!log::is_reserved_topic(name));
    }
    CHECK(!log::is_internal_topic("__consumer_offsets2"));
    CHECK(!log::is_internal_topic("__cluster_metadata"));
    CHECK(log::is_reserved_topic("__cluster_metadata"));
}

TEST("every topic config is documented, and those without effect say so") {
    for (const log::ConfigKey& key : log::topic_config_keys()) {
        const std::string text = log::documentation_of(key);
        CHECK(text.ends_with("."));
        CHECK_EQ(text.find("without effect here") == text.npos, key.has_effect);
        CHECK(log::is_of_type(key.type, key.default_value));
    }
}

TEST("values are told by their types") {
    using enum log::ConfigType;
    CHECK(log::is_of_type(boolean, "True"));
    CHECK(!log::is_of_type(boolean, "on"));
    CHECK(log::is_of_type(integer, " 5 "));
    CHECK(!log::is_of_type(integer, "5 kB"));
    CHECK(!log::is_of_type(integer, "2147483648"));
    CHECK(log::is_of_type(long_integer, "2147483648"));
    CHECK(log::is_of_type(decimal, "0.5"));
    CHECK(!log::is_of_type(decimal, "half"));
    CHECK(log::is_of_type(list, "a, b"));
    CHECK(log::is_of_type(list, ""));
    CHECK(!log::is_of_type(list, "a,,b"));
}

TEST("what is said of a value that is not valid tells which ones are") {
    const auto said = [](const char* name, const char* value) {
        return log::config_problem(name, std::string(value)).value_or("");
    };
    CHECK(said("segment.bytes", "5").ends_with(": it must be from 1048576 to 2147483647"));
    CHECK(said("retention.bytes", "x").ends_with(": it must be a number"));
    CHECK(said("cleanup.policy", "burn").ends_with(": the choice is compact delete"));
    CHECK(said("preallocate", "yes").ends_with("for topic config preallocate"));
}
