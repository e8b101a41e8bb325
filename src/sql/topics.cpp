// kafka.create_topic() and kafka.delete_topic(): what CreateTopics and DeleteTopics do, within the
// transaction of the session that calls. Clients see the change once that transaction has committed.
//
// A request is refused for the reasons for which the Kafka API refuses it, each as an error of its own
// SQLSTATE.
#include "store/topics.h"
#include "log/topic_config.h"
#include "pg/settings.h"
#include "pg/spi.h"
#include "sql/arguments.h"

#include <optional>
#include <string>

extern "C" {
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(pg_kafka_create_topic);
PG_FUNCTION_INFO_V1(pg_kafka_delete_topic);
}

namespace kafka::sql {
namespace {

int32_t partitions_argument(FunctionCallInfo call, int index) {
    const int32_t partitions = call->args[index].isnull ? pg::current_settings().default_partitions
                                                        : DatumGetInt32(call->args[index].value);
    if (partitions < 1 || partitions > log::max_partitions)
        refuse(sqlstate::invalid_parameter_value,
               "a topic cannot have " + std::to_string(partitions) + " partitions", {},
               "Give a number from 1 to " + std::to_string(log::max_partitions) + ".");
    return partitions;
}

/// The jsonb argument as text; nothing for NULL. Refuses everything but an object.
std::optional<std::string> config_text(FunctionCallInfo call, int index) {
    if (call->args[index].isnull) return std::nullopt;
    const char* text = pg::call([=]() -> const char* {
        Jsonb* config = DatumGetJsonbP(call->args[index].value);
        return JB_ROOT_IS_OBJECT(config) ? JsonbToCString(nullptr, &config->root, VARSIZE(config)) : nullptr;
    });
    if (!text)
        refuse(sqlstate::invalid_parameter_value, "the config of a topic must be a JSON object", {},
               "For example: '{\"retention.ms\": 3600000}'.");
    return text;
}

log::ConfigOverrides read_config(const std::string& object) {
    const pg::Result members =
        pg::execute("SELECT m.key, m.value FROM pg_catalog.jsonb_each_text($1::pg_catalog.jsonb) AS m",
                    {std::string_view(object)});
    log::ConfigOverrides config;
    for (uint64_t i = 0; i < members.size(); i++) {
        const std::string name = members.text(i, 0);
        std::optional<std::string> value;
        if (!members.is_null(i, 1)) value = members.text(i, 1);
        if (auto problem = log::config_problem(name, value))
            refuse(sqlstate::invalid_parameter_value, "invalid topic config " + quoted(name), *problem + ".");
        config[name] = *value;
    }
    if (auto conflict = log::configs_conflict(config))
        refuse(sqlstate::invalid_parameter_value, "invalid topic config", *conflict + ".");
    return config;
}

void check_name(const std::string& name) {
    if (log::is_reserved_topic(name))
        refuse(sqlstate::invalid_name, "topic name " + quoted(name) + " is reserved",
               "It belongs to Kafka's controllers.");
    if (auto problem = log::topic_name_problem(name))
        refuse(sqlstate::invalid_name, "invalid topic name " + quoted(name), *problem + ".");
    const pg::Result colliding = pg::execute("SELECT t.name FROM kafka.topic t"
                                             " WHERE pg_catalog.translate(t.name, '.', '_') = "
                                             "pg_catalog.translate($1, '.', '_') AND t.name <> $1 LIMIT 1",
                                             {std::string_view(name)});
    if (!colliding.empty())
        refuse(sqlstate::duplicate_object,
               "topic " + quoted(name) + " collides with topic " + quoted(colliding.text(0, 0)),
               "The metrics of topics whose names differ only by '.' and '_' cannot be told apart.");
}

wire::Uuid create_topic(FunctionCallInfo call) {
    store::TopicRow topic;
    topic.name = text_argument(call, 0, "topic name");
    topic.log_start_offsets.resize(size_t(partitions_argument(call, 1)));
    const std::optional<std::string> config = config_text(call, 2);
    const pg::Connection connection;
    check_name(topic.name);
    if (config) topic.config = read_config(*config);
    topic.id = store::new_topic_id();
    if (!store::insert_topic(topic))
        refuse(sqlstate::duplicate_object, "topic " + quoted(topic.name) + " already exists");
    return topic.id;
}

void delete_topic(FunctionCallInfo call) {
    const std::string name = text_argument(call, 0, "topic name");
    const pg::Connection connection;
    if (!store::delete_topic(name))
        refuse(sqlstate::undefined_object, "topic " + quoted(name) + " does not exist");
}

} // namespace
} // namespace kafka::sql

Datum pg_kafka_create_topic(PG_FUNCTION_ARGS) {
    auto* id = static_cast<pg_uuid_t*>(palloc(sizeof(pg_uuid_t)));
    kafka::pg::entry([=] {
        const kafka::wire::Uuid created = kafka::sql::create_topic(fcinfo);
        std::copy(created.begin(), created.end(), id->data);
    });
    return UUIDPGetDatum(id);
}

Datum pg_kafka_delete_topic(PG_FUNCTION_ARGS) {
    kafka::pg::entry([=] { kafka::sql::delete_topic(fcinfo); });
    PG_RETURN_VOID();
}
