// kafka.create_topic(), alter_topic(), add_partitions(), delete_records() and delete_topic(): what CreateTopics,
// IncrementalAlterConfigs, CreatePartitions, DeleteRecords and DeleteTopics do, within the transaction of the session that
// calls. Clients see the change once that transaction has committed.
//
// A request is refused for the reasons for which the Kafka API refuses it, each as an error of its own
// SQLSTATE.
#include "store/topics.h"
#include "log/topic_config.h"
#include "pg/settings.h"
#include "pg/spi.h"
#include "sql/arguments.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

extern "C" {
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(pg_kafka_create_topic);
PG_FUNCTION_INFO_V1(pg_kafka_alter_topic);
PG_FUNCTION_INFO_V1(pg_kafka_add_partitions);
PG_FUNCTION_INFO_V1(pg_kafka_delete_records);
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

/// By name the value as text; nothing for a JSON null.
std::map<std::string, std::optional<std::string>> members_of(const std::string& object) {
    const pg::Result rows =
        pg::execute("SELECT m.key, m.value FROM pg_catalog.jsonb_each_text($1::pg_catalog.jsonb) AS m",
                    {std::string_view(object)});
    std::map<std::string, std::optional<std::string>> members;
    for (uint64_t i = 0; i < rows.size(); i++)
        members[rows.text(i, 0)] = rows.is_null(i, 1) ? std::nullopt : std::optional(rows.text(i, 1));
    return members;
}

void check_config(const std::string& name, const std::optional<std::string>& value) {
    if (auto problem = log::config_problem(name, value))
        refuse(sqlstate::invalid_parameter_value, "invalid topic config " + in_quotes(name), *problem + ".");
}

void check_conflicts(const log::ConfigOverrides& config) {
    if (auto conflict = log::configs_conflict(config))
        refuse(sqlstate::invalid_parameter_value, "invalid topic config", *conflict + ".");
}

log::ConfigOverrides read_config(const std::string& object) {
    log::ConfigOverrides config;
    for (const auto& [name, value] : members_of(object)) {
        check_config(name, value);
        config[name] = *value;
    }
    check_conflicts(config);
    return config;
}

void check_name(const std::string& name) {
    if (log::is_reserved_topic(name))
        refuse(sqlstate::invalid_name, "topic name " + in_quotes(name) + " is reserved",
               "It belongs to Kafka's controllers.");
    if (auto problem = log::topic_name_problem(name))
        refuse(sqlstate::invalid_name, "invalid topic name " + in_quotes(name), *problem + ".");
    const pg::Result colliding = pg::execute("SELECT t.name FROM kafka.topic t"
                                             " WHERE pg_catalog.translate(t.name, '.', '_') = "
                                             "pg_catalog.translate($1, '.', '_') AND t.name <> $1 LIMIT 1",
                                             {std::string_view(name)});
    if (!colliding.empty())
        refuse(sqlstate::duplicate_object,
               "topic " + in_quotes(name) + " collides with topic " + in_quotes(colliding.text(0, 0)),
               "The metrics of topics whose names differ only by '.' and '_' cannot be told apart.");
}

void check_room_for(size_t partitions) {
    const int64_t present = store::count_all_partitions(), most = pg::current_settings().max_partitions;
    if (present + int64_t(partitions) > most)
        refuse(sqlstate::configuration_limit_exceeded,
               "there are " + std::to_string(present) + " partitions, and no room for " +
                   std::to_string(partitions) + " more",
               {}, "pg_kafka.max_partitions is " + std::to_string(most) + ".");
}

wire::Uuid create_topic(FunctionCallInfo call) {
    store::TopicRow topic;
    topic.name = text_argument(call, 0, "topic name");
    topic.log_start_offsets.resize(size_t(partitions_argument(call, 1)));
    const std::optional<std::string> config = config_text(call, 2);
    const pg::Connection connection;
    check_name(topic.name);
    if (config) topic.config = read_config(*config);
    check_room_for(topic.log_start_offsets.size());
    topic.id = store::new_topic_id();
    if (!store::insert_topic(topic))
        refuse(sqlstate::duplicate_object, "topic " + in_quotes(topic.name) + " already exists");
    return topic.id;
}

[[noreturn]] void refuse_missing(const std::string& name) {
    refuse(sqlstate::undefined_object, "topic " + in_quotes(name) + " does not exist");
}

/// For the rest of the transaction nobody else changes or deletes it.
wire::Uuid lock_topic(const std::string& name) {
    const auto id = store::lock_topic(name);
    if (!id) refuse_missing(name);
    return *id;
}

void alter_topic(FunctionCallInfo call) {
    const std::string name = text_argument(call, 0, "topic name");
    const std::optional<std::string> changes = config_text(call, 1);
    const pg::Connection connection;
    const wire::Uuid id = lock_topic(name);
    if (!changes) return;
    log::ConfigOverrides config = store::load_config(id);
    for (const auto& [key, value] : members_of(*changes)) {
        if (value || !log::find_topic_config(key)) check_config(key, value);
        if (value)
            config[key] = *value;
        else
            config.erase(key);
        store::set_config(id, key, value);
    }
    check_conflicts(config);
}

void add_partitions(FunctionCallInfo call) {
    const std::string name = text_argument(call, 0, "topic name");
    if (call->args[1].isnull)
        refuse(sqlstate::null_value_not_allowed, "the number of partitions must not be null");
    const int32_t total = partitions_argument(call, 1);
    const pg::Connection connection;
    const wire::Uuid id = lock_topic(name);
    const int32_t present = store::count_partitions(id);
    if (total < present)
        refuse(sqlstate::invalid_parameter_value,
               "topic " + in_quotes(name) + " has " + std::to_string(present) + " partitions",
               "The number of partitions of a topic cannot become smaller.");
    check_room_for(size_t(total - present));
    store::add_partitions(id, present, total);
}

int64_t delete_records(FunctionCallInfo call) {
    const std::string name = text_argument(call, 0, "topic name");
    const int32_t partition = nullable_int32_argument(call, 1).value_or(-1);
    const pg::Connection connection;
    const wire::Uuid id = lock_topic(name);
    if (!log::resolve(store::load_config(id), {}).may_delete_records())
        refuse(sqlstate::object_not_in_prerequisite_state,
               "records of topic " + in_quotes(name) + " cannot be deleted", "Its cleanup.policy is compact.",
               "Write a record without value for each key, or add delete to the policy.");
    const pg::Result ends = pg::execute("SELECT log_start_offset, high_watermark FROM kafka.partitions"
                                        " WHERE topic = $1 AND partition = $2",
                                        {std::string_view(name), partition});
    if (ends.empty())
        refuse(sqlstate::undefined_object, "topic " + in_quotes(name) + " has no partition " +
                                               (call->args[1].isnull ? "NULL" : std::to_string(partition)));
    const int64_t begin = ends.int64(0, 0), end = ends.int64(0, 1);
    const int64_t before = call->args[2].isnull ? end : DatumGetInt64(call->args[2].value);
    if (before < 0 || before > end)
        refuse(sqlstate::invalid_parameter_value, "offset " + std::to_string(before) + " is out of range",
               "The partition ends before offset " + std::to_string(end) + ".");
    std::vector<int64_t> starts(size_t(partition) + 1, 0);
    starts.back() = before;
    store::move_log_start(id, starts);
    return std::max(begin, before);
}

void delete_topic(FunctionCallInfo call) {
    const std::string name = text_argument(call, 0, "topic name");
    const pg::Connection connection;
    if (!store::delete_topic(name)) refuse_missing(name);
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

Datum pg_kafka_alter_topic(PG_FUNCTION_ARGS) {
    kafka::pg::entry([=] { kafka::sql::alter_topic(fcinfo); });
    PG_RETURN_VOID();
}

Datum pg_kafka_add_partitions(PG_FUNCTION_ARGS) {
    kafka::pg::entry([=] { kafka::sql::add_partitions(fcinfo); });
    PG_RETURN_VOID();
}

Datum pg_kafka_delete_records(PG_FUNCTION_ARGS) {
    int64_t start = 0;
    kafka::pg::entry([=, &start] { start = kafka::sql::delete_records(fcinfo); });
    PG_RETURN_INT64(start);
}

Datum pg_kafka_delete_topic(PG_FUNCTION_ARGS) {
    kafka::pg::entry([=] { kafka::sql::delete_topic(fcinfo); });
    PG_RETURN_VOID();
}
