// See postgres.h.
#include "postgres.h"

#include "../hex.h"
#include "program.h"

#include <sstream>
#include <stdexcept>

namespace bench {
namespace {

constexpr size_t bytes_per_commit = 1 << 20;

/// `text` with the named values in the place of {name}.
std::string filled_in(std::string text, const std::vector<std::pair<std::string, std::string>>& values) {
    for (const auto& [name, value] : values)
        for (size_t at; (at = text.find("{" + name + "}")) != std::string::npos;)
            text.replace(at, name.size() + 2, value);
    return text;
}

/// The batch is not compressed and goes out of line as a whole: the fastest that plain SQL does with it.
constexpr const char* insert_script = R"(
DROP TABLE IF EXISTS pg_kafka_bench;
CREATE TABLE pg_kafka_bench (partition integer NOT NULL, leader_epoch integer NOT NULL, base_offset bigint NOT NULL,
    last_offset bigint NOT NULL, max_timestamp bigint NOT NULL, data bytea NOT NULL, PRIMARY KEY (partition, last_offset));
ALTER TABLE pg_kafka_bench ALTER COLUMN data SET STORAGE EXTERNAL;
DO $do$
DECLARE
    batch bytea := '\x{batch}';
    warm timestamptz := clock_timestamp() + interval '1 second' * {seconds} / 5;
    begun timestamptz;
    before bigint;
    number bigint := 0;
BEGIN
    LOOP
        INSERT INTO pg_kafka_bench VALUES (0, 0, number * {records}, (number + 1) * {records} - 1, 0, batch);
        number := number + 1;
        CONTINUE WHEN number % {per_commit} <> 0;
        COMMIT;
        EXIT WHEN clock_timestamp() >= warm + interval '1 second' * {seconds};
        IF begun IS NULL AND clock_timestamp() >= warm THEN
            begun := clock_timestamp();
            before := number;
        END IF;
    END LOOP;
    PERFORM set_config('bench.rate', ((number - before) / extract(epoch FROM clock_timestamp() - begun))::text, false);
    PERFORM set_config('bench.number', number::text, false);
END $do$;
SELECT current_setting('bench.rate'), pg_total_relation_size('pg_kafka_bench') / current_setting('bench.number')::float8;
DROP TABLE pg_kafka_bench;
)";

constexpr const char* scan_script = R"(
DO $do$
DECLARE
    records bigint := (SELECT count(value) FROM kafka.messages WHERE topic = '{topic}');
    begun timestamptz := clock_timestamp();
    scans bigint := 0;
BEGIN
    WHILE clock_timestamp() < begun + interval '1 second' * {seconds} LOOP
        PERFORM count(value) FROM kafka.messages WHERE topic = '{topic}';
        scans := scans + 1;
    END LOOP;
    PERFORM set_config('bench.rate', (records * scans / extract(epoch FROM clock_timestamp() - begun))::text, false);
END $do$;
SELECT current_setting('bench.rate');
)";

} // namespace

std::vector<double> Postgres::run(const std::string& script) const {
    const std::string output = output_of(
        {"psql", "-X", "-q", "-A", "-t", "-F", " ", "-v", "ON_ERROR_STOP=1", "-d", connection_, "-f", "-"},
        "SET client_min_messages = warning;\n" + script);
    std::istringstream words(output);
    std::vector<double> numbers;
    for (double number; words >> number;) numbers.push_back(number);
    return numbers;
}

Postgres::Inserted Postgres::insert(const BatchKind& kind, double duration) const {
    const double payload = double(kind.payload_bytes());
    const auto numbers = run(filled_in(
        insert_script,
        {{"batch", to_hex(make_batch(kind, 0))},
         {"seconds", std::to_string(duration)},
         {"records", std::to_string(kind.records)},
         {"per_commit", std::to_string(std::max<size_t>(1, bytes_per_commit / kind.payload_bytes()))}}));
    if (numbers.size() != 2) throw std::runtime_error("INSERT: psql prints something else than two numbers");
    return {numbers[0] * payload / 1e6, numbers[1] / payload};
}

double Postgres::bytes_per_record(const std::string& topic) const {
    const auto numbers = run(filled_in(R"(
        SELECT sum(pg_total_relation_size(('kafka.segment_' || s.id)::regclass)) /
               (SELECT sum(high_watermark) FROM kafka.partitions WHERE topic = '{topic}')
        FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = '{topic}';)",
                                       {{"topic", topic}}));
    if (numbers.size() != 1) throw std::runtime_error("psql leads to another server than that of the broker");
    return numbers[0];
}

double Postgres::records_per_second(const std::string& topic, double duration) const {
    const auto numbers =
        run(filled_in(scan_script, {{"topic", topic}, {"seconds", std::to_string(duration)}}));
    if (numbers.size() != 1 || numbers[0] == 0)
        throw std::runtime_error("psql leads to another server than that of the broker");
    return numbers[0];
}

Postgres::OffsetCommits Postgres::offset_commits() const {
    const auto numbers = run("SELECT a.requests, s.commits FROM kafka.status s, kafka.api_status a "
                             "WHERE a.api = 'OffsetCommit';");
    if (numbers.size() != 2) throw std::runtime_error("psql leads to a server without a broker");
    return {numbers[0], numbers[1]};
}

double Postgres::wal_to_fill() const {
    // Half of max_wal_size lies between two checkpoints: with so much on the disk, files are used again.
    const auto numbers = run(R"(
        SELECT CASE WHEN present < greatest / 2 THEN greatest - present ELSE 0 END
        FROM (SELECT pg_size_bytes(current_setting('max_wal_size'))::float8 AS greatest,
                     (SELECT sum(size) FROM pg_ls_waldir())::float8 AS present) wal;)");
    return numbers.empty() ? 0 : numbers[0];
}

void Postgres::checkpoint() const { run("CHECKPOINT;"); }

} // namespace bench
