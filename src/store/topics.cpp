// See topics.h.
#include "store/topics.h"

#include "pg/spi.h"

#include <unordered_map>

namespace kafka::store {
namespace {

constexpr uint8_t leading_dash = 62; ///< the six bits that base64url writes as '-'

std::string key_of(const wire::Uuid& id) { return {reinterpret_cast<const char*>(id.data()), id.size()}; }

void load_partitions(std::unordered_map<std::string, TopicRow*>& topics) {
    const pg::Result rows =
        pg::execute("SELECT topic_id, log_start_offset FROM kafka.partition ORDER BY topic_id, partition");
    for (size_t i = 0; i < rows.size(); i++)
        if (const auto it = topics.find(key_of(rows.uuid(i, 0))); it != topics.end())
            it->second->log_start_offsets.push_back(rows.int64(i, 1));
}

void load_configs(std::unordered_map<std::string, TopicRow*>& topics) {
    const pg::Result rows = pg::execute("SELECT topic_id, name, value FROM kafka.topic_config");
    for (size_t i = 0; i < rows.size(); i++)
        if (const auto it = topics.find(key_of(rows.uuid(i, 0))); it != topics.end())
            it->second->config[rows.text(i, 1)] = rows.text(i, 2);
}

} // namespace

std::vector<TopicRow> load_topics() {
    std::vector<TopicRow> topics;
    const pg::Result rows = pg::execute("SELECT id, name FROM kafka.topic");
    for (size_t i = 0; i < rows.size(); i++) topics.push_back({rows.uuid(i, 0), rows.text(i, 1), {}, {}});
    std::unordered_map<std::string, TopicRow*> by_id;
    for (TopicRow& t : topics) by_id[key_of(t.id)] = &t;
    load_partitions(by_id);
    load_configs(by_id);
    return topics;
}

void do_not_wait_for_locks() { pg::execute("SET LOCAL lock_timeout = '1ms'"); }

wire::Uuid new_topic_id() {
    for (;;) {
        const wire::Uuid id = pg::execute("SELECT pg_catalog.gen_random_uuid()").uuid(0, 0);
        if (id[0] >> 2 != leading_dash) return id;
    }
}

bool insert_topic(const TopicRow& topic) {
    const pg::Result inserted = pg::execute(
        "INSERT INTO kafka.topic (id, name) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING id",
        {topic.id, std::string_view(topic.name)});
    if (inserted.empty()) return false;
    pg::execute("INSERT INTO kafka.partition (topic_id, partition, log_start_offset) "
                "SELECT $1, n - 1, o FROM pg_catalog.unnest($2) WITH ORDINALITY AS u(o, n)",
                {topic.id, std::span<const int64_t>(topic.log_start_offsets)});
    for (const auto& [name, value] : topic.config)
        pg::execute("INSERT INTO kafka.topic_config (topic_id, name, value) VALUES ($1, $2, $3)",
                    {topic.id, std::string_view(name), std::string_view(value)});
    return true;
}

std::optional<wire::Uuid> lock_topic(std::string_view name) {
    const pg::Result rows = pg::execute("SELECT id FROM kafka.topic WHERE name = $1 FOR UPDATE", {name});
    if (rows.empty()) return std::nullopt;
    return rows.uuid(0, 0);
}

std::map<std::string, std::string, std::less<>> load_config(const wire::Uuid& topic) {
    const pg::Result rows =
        pg::execute("SELECT name, value FROM kafka.topic_config WHERE topic_id = $1", {topic});
    std::map<std::string, std::string, std::less<>> config;
    for (size_t i = 0; i < rows.size(); i++) config[rows.text(i, 0)] = rows.text(i, 1);
    return config;
}

void set_config(const wire::Uuid& topic, std::string_view name, const std::optional<std::string>& value) {
    if (value)
        pg::execute("INSERT INTO kafka.topic_config (topic_id, name, value) VALUES ($1, $2, $3)"
                    " ON CONFLICT (topic_id, name) DO UPDATE SET value = excluded.value",
                    {topic, name, std::string_view(*value)});
    else
        pg::execute("DELETE FROM kafka.topic_config WHERE topic_id = $1 AND name = $2", {topic, name});
}

int32_t count_partitions(const wire::Uuid& topic) {
    return pg::execute("SELECT pg_catalog.count(*)::integer FROM kafka.partition WHERE topic_id = $1",
                       {topic})
        .int32(0, 0);
}

int64_t count_all_partitions() {
    return pg::execute("SELECT pg_catalog.count(*) FROM kafka.partition").int64(0, 0);
}

void add_partitions(const wire::Uuid& topic, int32_t first, int32_t count) {
    pg::execute("INSERT INTO kafka.partition (topic_id, partition) "
                "SELECT $1, n FROM pg_catalog.generate_series($2, $3 - 1) AS n",
                {topic, first, count});
}

void move_log_start(const wire::Uuid& topic, const std::vector<int64_t>& log_start_offsets) {
    pg::execute("UPDATE kafka.partition p SET log_start_offset = u.o"
                "  FROM pg_catalog.unnest($2) WITH ORDINALITY AS u(o, n)"
                " WHERE p.topic_id = $1 AND p.partition = u.n - 1 AND p.log_start_offset < u.o",
                {topic, std::span<const int64_t>(log_start_offsets)});
}

bool delete_topic(const wire::Uuid& id) {
    return pg::execute("DELETE FROM kafka.topic WHERE id = $1 RETURNING id", {id}).size() > 0;
}

bool delete_topic(std::string_view name) {
    return pg::execute("DELETE FROM kafka.topic WHERE name = $1 RETURNING id", {name}).size() > 0;
}

} // namespace kafka::store
