// kafka.topic_config_keys(), behind kafka.topic_configs: what can be configured for a topic, and what holds where nothing is, by the
// server's settings of now.
#include "log/topic_config.h"
#include "pg/settings.h"
#include "sql/rows.h"

extern "C" {
PG_FUNCTION_INFO_V1(pg_kafka_topic_config_keys);
}

namespace kafka::sql {
namespace {

const char* name_of(log::ConfigType type) {
    switch (type) {
    case log::ConfigType::boolean:
        return "boolean";
    case log::ConfigType::string:
        return "string";
    case log::ConfigType::integer:
        return "int";
    case log::ConfigType::long_integer:
        return "long";
    case log::ConfigType::decimal:
        return "double";
    case log::ConfigType::list:
        return "list";
    }
    return "";
}

log::ConfigDefaults defaults_of(const pg::Settings& s) {
    return {s.compression_type, s.message_max_bytes, s.segment_bytes,
            s.segment_ms,       s.retention_ms,      s.retention_bytes};
}

void show(Rows& rows) {
    const log::ConfigDefaults defaults = defaults_of(pg::current_settings());
    for (const log::ConfigKey& key : log::topic_config_keys()) {
        const std::string value = log::effective_value(key, {}, defaults);
        pg::call([&] {
            rows.add_text(key.name);
            rows.add_text(name_of(key.type));
            rows.add_datum(CStringGetTextDatum(value.c_str())); // may be empty, and is not null
            rows.add_text(value == key.default_value ? "default" : "setting");
            rows.add(key.has_effect);
            rows.add_text(key.documentation);
            rows.end_row();
        });
    }
}

} // namespace
} // namespace kafka::sql

Datum pg_kafka_topic_config_keys(PG_FUNCTION_ARGS) {
    kafka::sql::Rows rows(fcinfo);
    kafka::pg::entry([&rows] { kafka::sql::show(rows); });
    return 0;
}
