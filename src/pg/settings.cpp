// Declares the pg_kafka.* settings and reads them; see settings.h. Main thread only. A description's second
// part says what the setting means, its unit and limits, when it takes effect, and the broker setting of
// Apache Kafka with the same meaning.
#include "pg/settings.h"

#include "pg/alter_system.h"
#include "pg/setting_syntax.h"

#include <climits>

#include "pg/guard.h"

extern "C" {
#include "utils/guc.h"
}

namespace kafka::pg {
namespace {

constexpr int kib = 1024;
constexpr int mib = 1024 * kib;
constexpr int minute_ms = 60 * 1000;
constexpr double day_ms = 24.0 * 60 * minute_ms;

/// Where the server keeps the values.
struct Values {
    char* host;
    char* advertised_host;
    char* database;
    int port, advertised_port, node_id;
    int default_partitions, max_partitions, compression_type, message_max_bytes, segment_bytes;
    double segment_ms, retention_ms, retention_bytes;
    int retention_check_interval_ms, cleaner_backoff_ms;
    bool auto_create_topics, log_connections;
    int max_connections, connections_max_idle_ms, shutdown_timeout_ms;
    int max_request_bytes, request_memory_kb, response_memory_kb, tail_cache_kb, max_decompressed_bytes;
    int fetch_max_bytes, max_fetch_sessions;
    int group_min_session_timeout_ms, group_max_session_timeout_ms, group_max_size;
    int group_initial_rebalance_delay_ms;
    int group_consumer_heartbeat_interval_ms, group_consumer_min_heartbeat_interval_ms,
        group_consumer_max_heartbeat_interval_ms;
    int group_consumer_session_timeout_ms, group_consumer_min_session_timeout_ms,
        group_consumer_max_session_timeout_ms;
    int group_consumer_max_size;
    char* group_consumer_assignors;
    int group_consumer_migration_policy;
    int offsets_retention_minutes, offset_metadata_max_bytes;
    int producer_id_expiration_ms, transaction_max_timeout_ms, transactional_id_expiration_ms;
    int transaction_time_out_interval_ms;
} values;

const config_enum_entry compression_types[] = {
    {"producer", 0, false}, {"uncompressed", 1, false}, {"gzip", 2, false},  {"snappy", 3, false},
    {"lz4", 4, false},      {"zstd", 5, false},         {nullptr, 0, false},
};

const config_enum_entry migration_policies[] = {
    {"bidirectional", 0, false}, {"upgrade", 1, false}, {"downgrade", 2, false},
    {"disabled", 3, false},      {nullptr, 0, false},
};

struct Text {
    const char* name;
    const char* summary;
    const char* description;
};

struct Range {
    int initial, least, most;
};

void define(const Text& text, int& value, Range range, int unit = 0) {
    DefineCustomIntVariable(text.name, text.summary, text.description, &value, range.initial, range.least,
                            range.most, PGC_SIGHUP, unit, nullptr, nullptr, nullptr);
}

void define(const Text& text, bool& value, bool initial) {
    DefineCustomBoolVariable(text.name, text.summary, text.description, &value, initial, PGC_SIGHUP, 0,
                             nullptr, nullptr, nullptr);
}

void define(const Text& text, char*& value, const char* initial, GucContext context,
            GucStringCheckHook check) {
    DefineCustomStringVariable(text.name, text.summary, text.description, &value, initial, context, 0, check,
                               nullptr, nullptr);
}

/// The first entry is the initial value.
void define(const Text& text, int& value, const config_enum_entry* entries) {
    DefineCustomEnumVariable(text.name, text.summary, text.description, &value, entries->val, entries,
                             PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
}

void define_addresses() {
    define({"pg_kafka.host", "Host names or addresses that the Kafka listener binds to.",
            "A comma-separated list of host names, IPv4 and IPv6 addresses; * stands for all, and an empty "
            "list for none. "
            "The listener moves when the configuration is reloaded. Like the host in Kafka's listeners."},
           values.host, "localhost", PGC_SIGHUP, check_hosts);
    define({"pg_kafka.port", "TCP port of the Kafka listener.",
            "The listener moves when the configuration is reloaded; connections that there are stay. "
            "Like the port in Kafka's listeners."},
           values.port, {9092, 1, 65535});
    define({"pg_kafka.advertised_host", "Host name or address that Kafka clients are told to connect to.",
            "Clients must be able to reach it. If empty, each client is told the address that it connected "
            "to. Takes "
            "effect when the configuration is reloaded. Like the host in Kafka's advertised.listeners."},
           values.advertised_host, "", PGC_SIGHUP, check_advertised_host);
    define({"pg_kafka.advertised_port", "TCP port that Kafka clients are told to connect to.",
            "If 0, each client is told the port that it connected to. Takes effect when the configuration is "
            "reloaded. "
            "Like the port in Kafka's advertised.listeners."},
           values.advertised_port, {0, 0, 65535});
    define({"pg_kafka.database", "Database whose pg_kafka extension holds the topics.",
            "The broker serves one database, in which CREATE EXTENSION pg_kafka has been run. Takes effect "
            "when the server "
            "is restarted."},
           values.database, "postgres", PGC_POSTMASTER, check_database);
    define(
        {"pg_kafka.node_id", "Kafka node id of this broker.",
         "Clients see it as the leader of every partition. Takes effect when the configuration is reloaded. "
         "Kafka's node.id."},
        values.node_id, {1, 0, INT_MAX});
}

void define_topic_defaults() {
    define(
        {"pg_kafka.default_partitions", "Number of partitions of a topic that is created without one.",
         "Holds for topics that are created on first use and for CreateTopics with -1 partitions, after the "
         "configuration is reloaded. Kafka's num.partitions."},
        values.default_partitions, {1, 1, 10000});
    define({"pg_kafka.max_partitions", "Largest number of partitions of all topics together.",
            "The broker keeps something of each in memory. When there are so many, whoever asks for more is "
            "refused; those that there are stay. Takes effect when the configuration is reloaded."},
           values.max_partitions, {100'000, 1, 10'000'000});
    define({"pg_kafka.auto_create_topics", "Creates a topic when a client first asks for it.",
            "The client must allow it in its Metadata request, as producers do. Takes effect when the "
            "configuration is "
            "reloaded. Kafka's auto.create.topics.enable."},
           values.auto_create_topics, true);
    define({"pg_kafka.compression_type", "How record batches are stored.",
            "With producer a batch is stored as the producer sent it; otherwise it is converted to the codec "
            "given. A topic's "
            "own compression.type overrides it. Takes effect when the configuration is reloaded. Kafka's "
            "compression.type."},
           values.compression_type, compression_types);
    define({"pg_kafka.message_max_bytes", "Largest record batch that is accepted.",
            "In bytes, as it arrives. A topic's own max.message.bytes overrides it. Takes effect when the "
            "configuration is "
            "reloaded. Kafka's message.max.bytes."},
           values.message_max_bytes, {1048588, 1024, 1000 * mib}, GUC_UNIT_BYTE);
    define({"pg_kafka.segment_bytes", "Size at which a topic goes on in a new segment table.",
            "In bytes of stored batches. Retention drops whole segments. A topic's own segment.bytes "
            "overrides it. Takes "
            "effect for the next batch after the configuration is reloaded. Kafka's log.segment.bytes."},
           values.segment_bytes, {1024 * mib, mib, INT_MAX}, GUC_UNIT_BYTE);
    DefineCustomRealVariable("pg_kafka.segment_ms", "Age at which a topic goes on in a new segment table.",
                             "In milliseconds from the segment's creation. A topic's own segment.ms "
                             "overrides it. Takes effect for the next "
                             "batch after the configuration is reloaded. Kafka's log.roll.ms.",
                             &values.segment_ms, 7 * day_ms, 1000, 36500 * day_ms, PGC_SIGHUP, GUC_UNIT_MS,
                             nullptr, nullptr, nullptr);
    DefineCustomRealVariable(
        "pg_kafka.retention_ms", "Time for which records are kept.",
        "In milliseconds from a record's timestamp; -1 keeps records forever. Whole segments go, once the "
        "newest record in them is too old. A topic's own retention.ms overrides it. Takes effect when the "
        "configuration is reloaded. Kafka's log.retention.ms.",
        &values.retention_ms, 7 * day_ms, -1, 36500 * day_ms, PGC_SIGHUP, GUC_UNIT_MS, check_retention_ms,
        nullptr, nullptr);
    DefineCustomRealVariable(
        "pg_kafka.retention_bytes", "Size to which the log of a partition is cut.",
        "In bytes of stored batches; -1 keeps all. Whole segments go, which a topic's partitions share: the "
        "oldest, as long as the others hold so much for each partition. A topic's own retention.bytes "
        "overrides it. Takes effect when the configuration is reloaded. Kafka's log.retention.bytes.",
        &values.retention_bytes, -1, -1, 1e15, PGC_SIGHUP, GUC_UNIT_BYTE, nullptr, nullptr, nullptr);
    define({"pg_kafka.retention_check_interval_ms", "Time between two looks for records to be deleted.",
            "In milliseconds. Takes effect when the configuration is reloaded. Kafka's "
            "log.retention.check.interval.ms."},
           values.retention_check_interval_ms, {5 * minute_ms, 1, INT_MAX}, GUC_UNIT_MS);
    define({"pg_kafka.cleaner_backoff_ms", "Time between two looks for topics to be compacted.",
            "In milliseconds. What is compacted, and when, is said by cleanup.policy and the other configs "
            "of each topic; the keys "
            "of a topic take memory up to maintenance_work_mem. Takes effect when the configuration is "
            "reloaded. Kafka's "
            "log.cleaner.backoff.ms."},
           values.cleaner_backoff_ms, {15 * 1000, 1, INT_MAX}, GUC_UNIT_MS);
}

void define_connection_limits() {
    define({"pg_kafka.log_connections", "Logs each Kafka connection and its end.",
            "Takes effect for new connections when the configuration is reloaded."},
           values.log_connections, false);
    define(
        {"pg_kafka.max_connections", "Largest number of Kafka connections.",
         "A connection beyond it is closed at once. Kafka connections do not count towards the server's own "
         "max_connections. Takes effect when the configuration is reloaded. Kafka's max.connections."},
        values.max_connections, {1000, 1, 1000000});
    define({"pg_kafka.connections_max_idle_ms", "Time after which an idle Kafka connection is closed.",
            "In milliseconds without a request; -1 keeps idle connections. Takes effect when the "
            "configuration is reloaded. "
            "Kafka's connections.max.idle.ms."},
           values.connections_max_idle_ms, {10 * minute_ms, -1, INT_MAX}, GUC_UNIT_MS);
    define({"pg_kafka.shutdown_timeout_ms", "Time that a shutdown gives to replies under way.",
            "In milliseconds from the request to stop until connections are closed with replies unsent. "
            "Takes effect when "
            "the configuration is reloaded."},
           values.shutdown_timeout_ms, {2000, 0, minute_ms}, GUC_UNIT_MS);
}

void define_memory_limits() {
    define({"pg_kafka.max_request_bytes", "Largest Kafka request that is accepted.",
            "In bytes; a client that announces a larger one is disconnected. Takes effect when the "
            "configuration is "
            "reloaded. Kafka's socket.request.max.bytes."},
           values.max_request_bytes, {100 * mib, 64 * kib, 1000 * mib}, GUC_UNIT_BYTE);
    define({"pg_kafka.request_memory", "Memory for requests that have arrived and are not answered yet.",
            "In kilobytes, over all connections; beyond it no more is read from clients until requests have "
            "been answered. "
            "Takes effect when the configuration is reloaded. Kafka's queued.max.request.bytes."},
           values.request_memory_kb, {256 * kib, kib, INT_MAX}, GUC_UNIT_KB);
    define(
        {"pg_kafka.response_memory", "Memory for records on their way to consumers.",
         "In kilobytes, over all connections; the more of it is taken by responses that clients have not "
         "read yet, the fewer records a Fetch gets; once it is used up, those that are not in the tail cache "
         "wait. Takes effect when "
         "the configuration is reloaded."},
        values.response_memory_kb, {256 * kib, kib, INT_MAX}, GUC_UNIT_KB);
    define({"pg_kafka.tail_cache", "Memory for recent record batches.",
            "In kilobytes, over all topics; consumers that keep up are served from it without reading "
            "tables. Takes effect "
            "when the configuration is reloaded."},
           values.tail_cache_kb, {128 * kib, 0, INT_MAX}, GUC_UNIT_KB);
    define({"pg_kafka.max_decompressed_bytes", "Largest size of a record batch after decompression.",
            "In bytes; a batch that unpacks to more is refused. Takes effect when the configuration is "
            "reloaded."},
           values.max_decompressed_bytes, {256 * mib, mib, largest_max_decompressed_bytes}, GUC_UNIT_BYTE);
    define({"pg_kafka.fetch_max_bytes", "Most bytes of records in one Fetch response.",
            "In bytes, whatever the client asks for; a first batch that is larger is sent all the same. "
            "Takes effect when "
            "the configuration is reloaded. Kafka's fetch.max.bytes."},
           values.fetch_max_bytes, {55 * mib, kib, 1000 * mib}, GUC_UNIT_BYTE);
    define({"pg_kafka.max_fetch_sessions", "Number of incremental fetch sessions that are remembered.",
            "A consumer without one sends its whole list of partitions with each Fetch. Takes effect when "
            "the configuration "
            "is reloaded. Kafka's max.incremental.fetch.session.cache.slots."},
           values.max_fetch_sessions, {1000, 0, 1000000});
}

void define_classic_groups() {
    define({"pg_kafka.group_min_session_timeout_ms", "Shortest session time-out that a consumer may ask for.",
            "In milliseconds; for groups of the classic protocol. Takes effect when the configuration is "
            "reloaded. Kafka's group.min.session.timeout.ms."},
           values.group_min_session_timeout_ms, {6000, 1, INT_MAX}, GUC_UNIT_MS);
    define({"pg_kafka.group_max_session_timeout_ms", "Longest session time-out that a consumer may ask for.",
            "In milliseconds; for groups of the classic protocol. Takes effect when the configuration is "
            "reloaded. Kafka's group.max.session.timeout.ms."},
           values.group_max_session_timeout_ms, {30 * minute_ms, 1, INT_MAX}, GUC_UNIT_MS);
    define({"pg_kafka.group_max_size", "Most members of a group of the classic protocol.",
            "Who comes beyond it is refused. Takes effect when the configuration is reloaded. Kafka's "
            "group.max.size."},
           values.group_max_size, {INT_MAX, 1, INT_MAX});
    define({"pg_kafka.group_initial_rebalance_delay_ms",
            "Time that an empty group waits for more members to join.",
            "In milliseconds; with 0 the first member gets all partitions at once. Takes effect when the "
            "configuration is reloaded. Kafka's group.initial.rebalance.delay.ms."},
           values.group_initial_rebalance_delay_ms, {3000, 0, INT_MAX}, GUC_UNIT_MS);
}

void define_consumer_groups() {
    define({"pg_kafka.group_consumer_heartbeat_interval_ms",
            "How often members of groups of the consumer protocol (KIP-848) are told to send a heartbeat.",
            "In milliseconds. Takes effect when the configuration is reloaded. Kafka's "
            "group.consumer.heartbeat.interval.ms."},
           values.group_consumer_heartbeat_interval_ms, {5000, 1, INT_MAX}, GUC_UNIT_MS);
    define({"pg_kafka.group_consumer_min_heartbeat_interval_ms",
            "Least that group_consumer_heartbeat_interval_ms may be for a group.",
            "In milliseconds. Takes effect when the configuration is reloaded. Kafka's "
            "group.consumer.min.heartbeat.interval.ms."},
           values.group_consumer_min_heartbeat_interval_ms, {5000, 1, INT_MAX}, GUC_UNIT_MS);
    define({"pg_kafka.group_consumer_max_heartbeat_interval_ms",
            "Most that group_consumer_heartbeat_interval_ms may be for a group.",
            "In milliseconds. Takes effect when the configuration is reloaded. Kafka's "
            "group.consumer.max.heartbeat.interval.ms."},
           values.group_consumer_max_heartbeat_interval_ms, {15000, 1, INT_MAX}, GUC_UNIT_MS);
    define({"pg_kafka.group_consumer_session_timeout_ms",
            "Time without a heartbeat after which a member of a group of the consumer protocol is removed.",
            "In milliseconds. Takes effect when the configuration is reloaded. Kafka's "
            "group.consumer.session.timeout.ms."},
           values.group_consumer_session_timeout_ms, {45000, 1, INT_MAX}, GUC_UNIT_MS);
    define({"pg_kafka.group_consumer_min_session_timeout_ms",
            "Least that group_consumer_session_timeout_ms may be for a group.",
            "In milliseconds. Takes effect when the configuration is reloaded. Kafka's "
            "group.consumer.min.session.timeout.ms."},
           values.group_consumer_min_session_timeout_ms, {45000, 1, INT_MAX}, GUC_UNIT_MS);
    define({"pg_kafka.group_consumer_max_session_timeout_ms",
            "Most that group_consumer_session_timeout_ms may be for a group.",
            "In milliseconds. Takes effect when the configuration is reloaded. Kafka's "
            "group.consumer.max.session.timeout.ms."},
           values.group_consumer_max_session_timeout_ms, {60000, 1, INT_MAX}, GUC_UNIT_MS);
    define({"pg_kafka.group_consumer_max_size", "Most members of a group of the consumer protocol.",
            "Who comes beyond it is refused. Takes effect when the configuration is reloaded. Kafka's "
            "group.consumer.max.size."},
           values.group_consumer_max_size, {INT_MAX, 1, INT_MAX});
    define({"pg_kafka.group_consumer_assignors", "Assignors that groups of the consumer protocol may use.",
            "A comma-separated list of uniform and range; members that do not choose get the first. Takes "
            "effect when the configuration is reloaded. Kafka's group.consumer.assignors."},
           values.group_consumer_assignors, "uniform,range", PGC_SIGHUP, check_assignors);
    define(
        {"pg_kafka.group_consumer_migration_policy",
         "Which groups with members may change from one protocol to the other.",
         "With upgrade, classic groups of consumers that a member of the consumer protocol joins; with "
         "downgrade, groups of the consumer protocol that only members of the classic one are left in; "
         "with bidirectional both, and with disabled none. Groups without members always may. Takes effect "
         "when the configuration is reloaded. Kafka's group.consumer.migration.policy."},
        values.group_consumer_migration_policy, migration_policies);
}

void define_offsets() {
    define({"pg_kafka.offsets_retention_minutes",
            "Time after which the committed offsets of a group without members are removed.",
            "In minutes since the group has become empty, or, if it never had members, since the commit. "
            "Takes effect when the configuration is reloaded. Kafka's offsets.retention.minutes."},
           values.offsets_retention_minutes, {7 * 24 * 60, 1, INT_MAX}, GUC_UNIT_MIN);
    define({"pg_kafka.offset_metadata_max_bytes",
            "Most bytes that a consumer may store beside a committed offset.",
            "In bytes. Takes effect when the configuration is reloaded. Kafka's offset.metadata.max.bytes."},
           values.offset_metadata_max_bytes, {4096, 0, mib}, GUC_UNIT_BYTE);
}

// clang-format off: long texts are cut at their clauses.
void define_producers() {
    define({"pg_kafka.producer_id_expiration_ms",
            "Time after which an idempotent producer that is silent is forgotten.",
            "In milliseconds since its last batch to a partition: what it sends there afterwards is taken as "
            "from a new producer. "
            "Silent producers are looked for every ten minutes, or as often as this says if that is oftener. "
            "Takes effect when the configuration is reloaded. Kafka's producer.id.expiration.ms."},
           values.producer_id_expiration_ms, {24 * 60 * minute_ms, 1, INT_MAX}, GUC_UNIT_MS);
    define({"pg_kafka.transaction_max_timeout_ms",
            "Longest time that a producer may ask for its transactions.",
            "In milliseconds, after which an open transaction is aborted; who asks for more is refused. "
            "Takes effect when the configuration is reloaded. Kafka's transaction.max.timeout.ms."},
           values.transaction_max_timeout_ms, {15 * minute_ms, 1, INT_MAX}, GUC_UNIT_MS);
    define({"pg_kafka.transactional_id_expiration_ms",
            "Time after which a transactional id that is not used is forgotten.",
            "In milliseconds since its last transaction; one that is open is not forgotten. "
            "Takes effect when the configuration is reloaded. Kafka's transactional.id.expiration.ms."},
           values.transactional_id_expiration_ms, {7 * 24 * 60 * minute_ms, 1, INT_MAX}, GUC_UNIT_MS);
    define(
        {"pg_kafka.transaction_abort_timed_out_transaction_cleanup_interval_ms",
         "Shortest time between two searches for transactions that have taken too long.",
         "In milliseconds. With 0, each transaction is aborted as soon as its time is over. "
         "Takes effect when the configuration is reloaded. "
         "Kafka's transaction.abort.timed.out.transaction.cleanup.interval.ms, there 10 seconds by default."},
        values.transaction_time_out_interval_ms, {0, 0, INT_MAX}, GUC_UNIT_MS);
}
// clang-format on

void read_addresses(Settings& settings) {
    settings.hosts = split_list(values.host);
    settings.port = static_cast<uint16_t>(values.port);
    settings.advertised_host = values.advertised_host;
    settings.advertised_port = static_cast<uint16_t>(values.advertised_port);
    settings.database = values.database;
    settings.node_id = values.node_id;
}

void read_topic_defaults(Settings& settings) {
    settings.default_partitions = values.default_partitions;
    settings.max_partitions = values.max_partitions;
    settings.auto_create_topics = values.auto_create_topics;
    settings.compression_type = compression_types[values.compression_type].name;
    settings.message_max_bytes = values.message_max_bytes;
    settings.segment_bytes = values.segment_bytes;
    settings.segment_ms = static_cast<int64_t>(values.segment_ms);
    settings.retention_ms = static_cast<int64_t>(values.retention_ms);
    settings.retention_bytes = static_cast<int64_t>(values.retention_bytes);
    settings.retention_check_interval = std::chrono::milliseconds(values.retention_check_interval_ms);
    settings.cleaner_backoff = std::chrono::milliseconds(values.cleaner_backoff_ms);
}

void read_limits(Settings& settings) {
    settings.log_connections = values.log_connections;
    settings.max_connections = values.max_connections;
    if (values.connections_max_idle_ms >= 0)
        settings.connections_max_idle = std::chrono::milliseconds(values.connections_max_idle_ms);
    settings.shutdown_timeout = std::chrono::milliseconds(values.shutdown_timeout_ms);
    settings.max_request_bytes = values.max_request_bytes;
    settings.request_memory = int64_t{values.request_memory_kb} * kib;
    settings.response_memory = int64_t{values.response_memory_kb} * kib;
    settings.tail_cache = int64_t{values.tail_cache_kb} * kib;
    settings.max_decompressed_bytes = values.max_decompressed_bytes;
    settings.fetch_max_bytes = values.fetch_max_bytes;
    settings.max_fetch_sessions = values.max_fetch_sessions;
}

void read_groups(Settings& settings) {
    GroupSettings& group = settings.group;
    group.min_session_timeout_ms = values.group_min_session_timeout_ms;
    group.max_session_timeout_ms = values.group_max_session_timeout_ms;
    group.max_size = values.group_max_size;
    group.initial_rebalance_delay_ms = values.group_initial_rebalance_delay_ms;
    group.consumer_heartbeat_interval_ms = values.group_consumer_heartbeat_interval_ms;
    group.consumer_min_heartbeat_interval_ms = values.group_consumer_min_heartbeat_interval_ms;
    group.consumer_max_heartbeat_interval_ms = values.group_consumer_max_heartbeat_interval_ms;
    group.consumer_session_timeout_ms = values.group_consumer_session_timeout_ms;
    group.consumer_min_session_timeout_ms = values.group_consumer_min_session_timeout_ms;
    group.consumer_max_session_timeout_ms = values.group_consumer_max_session_timeout_ms;
    group.consumer_max_size = values.group_consumer_max_size;
    group.consumer_assignors = split_list(values.group_consumer_assignors);
    group.consumer_migration_policy = migration_policies[values.group_consumer_migration_policy].name;
    settings.offsets_retention_minutes = values.offsets_retention_minutes;
    settings.offset_metadata_max_bytes = values.offset_metadata_max_bytes;
    settings.producer_id_expiration_ms = values.producer_id_expiration_ms;
    settings.transaction_max_timeout_ms = values.transaction_max_timeout_ms;
    settings.transactional_id_expiration_ms = values.transactional_id_expiration_ms;
    settings.transaction_time_out_interval =
        std::chrono::milliseconds(values.transaction_time_out_interval_ms);
}

} // namespace

void define_settings() {
    define_addresses();
    define_topic_defaults();
    define_connection_limits();
    define_memory_limits();
    define_classic_groups();
    define_consumer_groups();
    define_offsets();
    define_producers();
    MarkGUCPrefixReserved("pg_kafka");
}

Settings current_settings() {
    Settings settings;
    read_addresses(settings);
    read_topic_defaults(settings);
    read_limits(settings);
    read_groups(settings);
    return settings;
}

Settings current_settings_and_sources() {
    Settings settings = current_settings();
    settings.sources = setting_sources();
    return settings;
}

} // namespace kafka::pg
