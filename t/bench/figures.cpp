// See figures.h. Each measurement has a topic of its own.
#include "figures.h"

#include "broker_process.h"
#include "classic_groups.h"
#include "consumer_group.h"
#include "end_to_end.h"
#include "heartbeats.h"
#include "idle_connections.h"
#include "idle_groups.h"
#include "idle_producers.h"
#include "offset_commits.h"
#include "postgres.h"
#include "raw_consumer.h"
#include "raw_producer.h"
#include "rdkafka_clients.h"
#include "statistics.h"
#include "topic.h"
#include "transactions.h"
#include "yardsticks.h"

#include <array>
#include <future>
#include <memory>

namespace bench {
namespace {

using kafka::record::Codec;

constexpr BatchKind small{}; ///< what a Java producer makes at its defaults
constexpr BatchKind large{.records = 128};
constexpr BatchKind hundred{.records = 100, .record_bytes = 100};
constexpr BatchKind single{.records = 1, .record_bytes = 100};

/// Produces so many bytes, or fails: with fewer the figures that follow would not be what their names say.
int64_t fill(const std::string& bootstrap, const Topic& topic, size_t bytes, double seconds_at_most = 300) {
    const int64_t records =
        produce_bytes(bootstrap, topic.name(), {.batch = small, .connections = 4}, bytes, seconds_at_most);
    if (size_t(records) * small.record_bytes < bytes)
        throw std::runtime_error("filling the topic takes too long");
    return records;
}

Measurement produce(const Options& options, const Yardsticks& beside, const std::string& name,
                    const Load& load) {
    Figure figure{"produce, " + name, "MB/s", beside.insert(load.batch)};
    if (load.batch.codec == Codec::none) figure.references.push_back(beside.sequential_write());
    return {figure.name, {figure}, [=](const std::string& bootstrap) {
                const Topic topic(bootstrap, load.partitions);
                return Values{
                    produce_for(bootstrap, topic.name(), load, options.seconds).megabytes_per_second(load)};
            }};
}

Measurement synchronous(const Options& options, const Yardsticks& beside, int producers,
                        const std::string& suffix = "", const TopicConfigs& configs = {}) {
    const std::string name = std::to_string(producers) + " synchronous producer" +
                             (producers > 1 ? "s" : "") + " of one 100-byte record" + suffix;
    return {name,
            {{name, "requests/s", {beside.flushes_per_second()}},
             {name + ", p50", "ms", {beside.flush_p50()}},
             {name + ", p99", "ms", {beside.flush_p99()}}},
            [=](const std::string& bootstrap) {
                const Topic topic(bootstrap, 4, configs);
                const Load load{.batch = single, .partitions = 4, .connections = producers, .in_flight = 1};
                const Produced produced = produce_for(bootstrap, topic.name(), load, options.seconds);
                return Values{produced.requests_per_second(), 1000 * percentile(produced.latencies, 0.5),
                              1000 * percentile(produced.latencies, 0.99)};
            }};
}

Measurement latency(const Options& options, const Yardsticks& beside, const std::string& how, double rate) {
    const std::string name = "produce to consume, " + how;
    return {name,
            {{name + ", p50", "ms", {beside.flush_p50()}}, {name + ", p99", "ms", {beside.flush_p99()}}},
            [=](const std::string& bootstrap) {
                const Topic topic(bootstrap, 1);
                const auto latencies = end_to_end(bootstrap, topic.name(), 1024, rate, options.seconds);
                return Values{1000 * percentile(latencies, 0.5), 1000 * percentile(latencies, 0.99)};
            }};
}

/// Reads the newest 64 MB, and of 512 MB the older half, which is no longer in the broker's tail cache.
Measurement consume(const Options& options, const Yardsticks& beside) {
    constexpr size_t all_bytes = 512'000'000, tail_bytes = 64'000'000;
    return {"consume",
            {{"consume raw, the newest 64 MB", "MB/s", {beside.loopback()}},
             {"consume raw, cold", "MB/s", {beside.loopback()}},
             {"consume, librdkafka, 1 KiB records", "MB/s", {beside.loopback()}}},
            [=](const std::string& bootstrap) {
                const Topic topic(bootstrap, 1);
                const int64_t records = fill(bootstrap, topic, all_bytes);
                const int64_t tail = int64_t(tail_bytes / small.record_bytes);
                RawConsumer consumer(bootstrap, topic.name());
                const double warm = consumer.read_for(options.seconds, records - tail, records);
                const double cold = consumer.read_for(options.seconds, 0, records / 2);
                return Values{warm, cold, rdkafka_consume(bootstrap, topic.name(), records)};
            }};
}

Measurement librdkafka_producer(const Options& options, const Yardsticks& beside) {
    const std::string name = "produce, librdkafka, 1 KiB records";
    std::vector<Reference> references = beside.insert(large);
    for (Reference& reference : references)
        reference.what = "bare INSERT of 128 KiB batches, COMMIT each MiB";
    return {name, {{name, "MB/s", references}}, [=](const std::string& bootstrap) {
                const Topic topic(bootstrap, 1);
                return Values{rdkafka_produce(bootstrap, topic.name(), options.seconds)};
            }};
}

Measurement disk_bytes(const Options& options, const Yardsticks& beside) {
    const std::string name = "bytes on disk per byte of payload";
    return {name, {{name, "", beside.inserted_bytes(small)}}, [=](const std::string& bootstrap) {
                if (bootstrap != options.bootstrap || options.psql.empty()) return Values{std::nullopt};
                const Topic topic(bootstrap, 1);
                fill(bootstrap, topic, 64'000'000);
                return Values{Postgres(options.psql).bytes_per_record(topic.name()) /
                              double(small.record_bytes)};
            }};
}

/// A query that has to decode every record of a topic.
Measurement scan(const Options& options, const std::string& how, Codec codec, Payload payload) {
    constexpr int64_t records = 2'000'000;
    const BatchKind batch{.records = 160, .record_bytes = 100, .codec = codec, .payload = payload};
    const std::string name = "count(value) by SQL, 100-byte records, " + how;
    return {name, {{name, "records/s"}}, [=](const std::string& bootstrap) {
                if (bootstrap != options.bootstrap || options.psql.empty()) return Values{std::nullopt};
                const Topic topic(bootstrap, 1);
                produce_bytes(bootstrap, topic.name(), {.batch = batch, .connections = 4},
                              size_t(records) * batch.record_bytes, 60);
                return Values{Postgres(options.psql).records_per_second(topic.name(), options.seconds)};
            }};
}

Measurement memory(const std::string& name, When when) {
    return {name,
            {{name, "MiB"}},
            [](const std::string& bootstrap) { return Values{memory_of_broker(bootstrap)}; },
            when};
}

Measurement start(const Options& options, const Yardsticks& beside, const std::string& how, int topics,
                  When when) {
    const std::string name = "start to first answer, " + how;
    return {name,
            {{name, "s", beside.server_start()}},
            [=](const std::string& bootstrap) {
                return Values{start_to_first_answer(bootstrap, options.commands_of(bootstrap), topics)};
            },
            when};
}

/// Before the load, as memory that it leaves behind would be given back meanwhile.
Measurement idle_connections(const Options& options) {
    return {"10,000 idle connections",
            {{"10,000 idle connections, memory", "MiB"}, {"10,000 idle connections, CPU", "% of a core"}},
            [=](const std::string& bootstrap) {
                const IdleCost cost = cost_of_idle_connections(bootstrap, 10000, options.seconds);
                return Values{cost.mebibytes, cost.cpu_percent};
            },
            When::before};
}

/// The reader goes through the older half of a log, which is no longer in the broker's tail cache.
Measurement beside_reader(const Options& options, const Yardsticks& beside) {
    const std::string name = "1 synchronous producer beside a reader of an old log";
    return {name,
            {{name + ", p50", "ms", {beside.flush_beside_reader_p50()}},
             {name + ", p99", "ms", {beside.flush_beside_reader_p99()}}},
            [=](const std::string& bootstrap) {
                const Topic old(bootstrap, 1), fresh(bootstrap, 1);
                const int64_t records = fill(bootstrap, old, 512'000'000);
                auto reading = std::async(std::launch::async, [&] {
                    return RawConsumer(bootstrap, old.name()).read_for(options.seconds, 0, records / 2);
                });
                const Load load{.batch = single, .connections = 1, .in_flight = 1};
                const Produced produced = produce_for(bootstrap, fresh.name(), load, options.seconds);
                reading.get();
                return Values{1000 * percentile(produced.latencies, 0.5),
                              1000 * percentile(produced.latencies, 0.99)};
            }};
}

/// A group that is stable rebalances, as all have something new to say; and a new group of the consumer protocol comes to rest.
Measurement rebalance() {
    constexpr int members = 50, partitions = 500;
    const std::string of = " group of 50 members, 500 partitions";
    return {"rebalance",
            {{"rebalance, classic" + of, "s"}, {"all join, KIP-848" + of, "s"}},
            [=](const std::string& bootstrap) {
                const Topic topic(bootstrap, partitions);
                const double classic =
                    ClassicGroups(bootstrap, topic.name(), partitions, 1, members).rebalance();
                return Values{classic, settle_consumer_group(bootstrap, topic.name(), partitions, members)};
            }};
}

/// Kafka's consumers send a heartbeat in three seconds by default.
Measurement heartbeats(const Options& options) {
    constexpr double interval = 3;
    const std::string name = "5,000 members with a heartbeat each 3 s";
    return {name, {{name, "% of a core"}}, [=](const std::string& bootstrap) {
                return Values{
                    cpu_of_heartbeats(bootstrap, 5000, interval, std::max(options.seconds, 2 * interval))};
            }};
}

Measurement offset_commits(const Options& options, const Yardsticks& beside) {
    const std::string name = "offset commits of 100 groups";
    return {name,
            {{name, "requests/s", {beside.flushes_per_second()}},
             {name + ", p50", "ms", {beside.flush_p50()}},
             {name + ", p99", "ms", {beside.flush_p99()}},
             {name + " per flush", ""}},
            [=](const std::string& bootstrap) {
                const auto counted = [&]() -> std::optional<Postgres::OffsetCommits> {
                    if (bootstrap != options.bootstrap || options.psql.empty()) return std::nullopt;
                    return Postgres(options.psql).offset_commits();
                };
                const auto before = counted();
                const Answered answered = commit_offsets_for(bootstrap, 100, options.seconds);
                const auto after = counted();
                std::optional<double> per_flush;
                if (after)
                    per_flush = (after->requests - before->requests) / (after->flushes - before->flushes);
                return Values{answered.requests_per_second(), 1000 * percentile(answered.latencies, 0.5),
                              1000 * percentile(answered.latencies, 0.99), per_flush};
            }};
}

Measurement idle_groups(const Options& options) {
    const std::string name = "100,000 idle groups";
    return {name,
            {{name + ", memory", "MiB"},
             {name + ", CPU", "% of a core"},
             {"8 synchronous producers before", "requests/s"},
             {"8 synchronous producers beside " + name, "requests/s"},
             {"start to first offset of " + name, "s"},
             {"memory of the broker, after that start", "MiB"}},
            [=](const std::string& bootstrap) {
                const IdleGroups cost =
                    cost_of_idle_groups(bootstrap, options.commands_of(bootstrap), 100'000, options.seconds);
                return Values{cost.mebibytes, cost.cpu_percent, cost.produces_before,
                              cost.produces,  cost.start,       cost.mebibytes_after_start};
            },
            When::after};
}

/// Something and the same without, measured in many short turns, in changing order: a machine that gets slower or faster meanwhile
/// does so for both, and what hits one turn of them is not the median.
struct Compared {
    double value;
    double share; ///< of the other
};

Compared compare(const std::function<double()>& measure, const std::function<double()>& other) {
    constexpr int turns = 40;
    std::vector<double> values, shares;
    for (int turn = 0; turn < turns; turn++) {
        double value = 0;
        if (turn % 2) value = measure();
        const double without = other();
        if (turn % 2 == 0) value = measure();
        values.push_back(value);
        shares.push_back(value / without);
    }
    return {median(values), median(shares)};
}

Measurement idempotence(const Options& options, const std::string& how, const Load& load) {
    const std::string name = "produce, idempotent, " + how;
    return {name, {{name, "MB/s"}, {"of that without idempotence", ""}}, [=](const std::string& bootstrap) {
                const Topic topic(bootstrap, load.partitions);
                Load with = load;
                with.idempotent = true;
                const auto rate = [&](const Load& one) {
                    return produce_for(bootstrap, topic.name(), one, options.seconds / 10)
                        .megabytes_per_second(one);
                };
                const Compared compared = compare([&] { return rate(with); }, [&] { return rate(load); });
                return Values{compared.value, compared.share};
            }};
}

Measurement transactions(const Options& options, const Yardsticks& beside, TransactionVersion version,
                         int producers) {
    const std::string name = "transactions of 100 records" +
                             std::string(version == TransactionVersion::second ? ", KIP-890" : "") + ", " +
                             std::to_string(producers) + " producer" + (producers > 1 ? "s" : "");
    return {name, {{name, "/s", {beside.flushes_per_second()}}}, [=](const std::string& bootstrap) {
                return Values{
                    transactions_per_second(bootstrap, producers, hundred, version, options.seconds)};
            }};
}

/// The newest 64 MB, and of 512 MB the older half, which is no longer in the broker's tail cache.
Measurement read_committed(const Options& options) {
    constexpr size_t all_bytes = 512'000'000, tail_bytes = 64'000'000;
    return {"read committed",
            {{"read committed, the newest 64 MB", "MB/s"},
             {"of that with read uncommitted", ""},
             {"read committed, cold", "MB/s"},
             {"of that with read uncommitted", ""}},
            [=](const std::string& bootstrap) {
                const Topic topic(bootstrap, 1);
                fill_with_transactions(bootstrap, topic.name(), hundred, all_bytes);
                const int64_t end = topic.end(), tail = end / int64_t(all_bytes / tail_bytes);
                RawConsumer committed(bootstrap, topic.name(), Isolation::read_committed),
                    uncommitted(bootstrap, topic.name());
                const auto reading = [&](int64_t from, int64_t to) {
                    return compare([&] { return committed.read_for(options.seconds / 10, from, to); },
                                   [&] { return uncommitted.read_for(options.seconds / 10, from, to); });
                };
                const Compared newest = reading(end - tail, end), cold = reading(0, end / 2);
                return Values{newest.value, newest.share, cold.value, cold.share};
            },
            When::after};
}

Measurement idle_producers(const Options& options) {
    const std::string name = "100,000 producer ids";
    return {name,
            {{name + ", memory", "MiB"},
             {name + ", memory after a start", "MiB"},
             {"start to first answer, without " + name, "s"},
             {"start to first answer, with " + name, "s"}},
            [=](const std::string& bootstrap) {
                const IdleProducers cost =
                    cost_of_idle_producers(bootstrap, options.commands_of(bootstrap), 100'000);
                return Values{cost.mebibytes, cost.mebibytes_after_start, cost.start_without, cost.start};
            },
            When::after};
}

struct Rates {
    double produced, consumed; ///< MB/s
};

/// Of producing to a log, and then of reading its newest 64 MB: before, another log's might be in the broker's tail cache.
Rates rates_of(const Topic& topic, const std::string& bootstrap, double duration) {
    constexpr int64_t newest = 64'000'000 / 1024;
    const Load load{.batch = small};
    const double produced = produce_for(bootstrap, topic.name(), load, duration).megabytes_per_second(load);
    const int64_t end = topic.end();
    return {produced, RawConsumer(bootstrap, topic.name()).read_for(duration, end - newest, end)};
}

/// A grown log and new ones of 100 MB take turns: a disk that gets slower or faster meanwhile falls upon both.
Measurement growth(const Options& options) {
    constexpr int turns = 9;
    const std::string grown_to = std::to_string(int(options.grow_gb)) + " GB of log";
    return {"growth to " + grown_to,
            {{"produce, 16 KiB batches, at 100 MB of log", "MB/s"},
             {"produce, 16 KiB batches, at " + grown_to, "MB/s"},
             {"consume raw, the newest 64 MB, at 100 MB of log", "MB/s"},
             {"consume raw, the newest 64 MB, at " + grown_to, "MB/s"}},
            [=](const std::string& bootstrap) {
                constexpr double slowest = 20e6; // bytes per second, or it is given up
                const Topic grown(bootstrap, 1);
                fill(bootstrap, grown, size_t(options.grow_gb * 1e9), 60 + options.grow_gb * 1e9 / slowest);
                // Deleted at the end only: that is work for the disk.
                std::vector<std::unique_ptr<Topic>> new_ones;
                std::array<std::vector<double>, 4> rates;
                for (int turn = 0; turn < turns; turn++) {
                    new_ones.push_back(std::make_unique<Topic>(bootstrap, 1));
                    fill(bootstrap, *new_ones.back(), 100'000'000);
                    const Rates of_new = rates_of(*new_ones.back(), bootstrap, options.seconds);
                    const Rates of_grown = rates_of(grown, bootstrap, options.seconds);
                    rates[0].push_back(of_new.produced);
                    rates[1].push_back(of_grown.produced);
                    rates[2].push_back(of_new.consumed);
                    rates[3].push_back(of_grown.consumed);
                }
                Values values;
                for (const auto& measured : rates) values.push_back(median(measured));
                return values;
            },
            When::after};
}

} // namespace

std::vector<Measurement> all_measurements(const Options& options) {
    const Yardsticks beside(options);
    const auto json = [](Codec codec) { return BatchKind{.codec = codec, .payload = Payload::json}; };
    std::vector<Measurement> all = {
        produce(options, beside, "16 KiB batches", {.batch = small}),
        produce(options, beside, "16 KiB batches, 4 partitions and connections",
                {.batch = small, .partitions = 4, .connections = 4}),
        produce(options, beside, "128 KiB batches", {.batch = large}),
        produce(options, beside, "16 KiB batches, JSON, lz4", {.batch = json(Codec::lz4)}),
        produce(options, beside, "16 KiB batches, JSON, zstd", {.batch = json(Codec::zstd)}),
        librdkafka_producer(options, beside),
    };
    for (const int producers : {1, 8, 32}) all.push_back(synchronous(options, beside, producers));
    if (!options.kafka.empty())
        for (const int producers : {8, 32})
            all.push_back(
                synchronous(options, beside, producers, ", flush.messages=1", {{"flush.messages", "1"}}));
    all.push_back(latency(options, beside, "one at a time", 0));
    all.push_back(latency(options, beside, "1,000 records/s", 1000));
    all.push_back(consume(options, beside));
    all.push_back(disk_bytes(options, beside));
    all.push_back(scan(options, "16 KiB batches", Codec::none, Payload::letters));
    all.push_back(scan(options, "JSON, lz4", Codec::lz4, Payload::json));
    all.push_back(scan(options, "JSON, zstd", Codec::zstd, Payload::json));
    all.push_back(beside_reader(options, beside));
    all.push_back(rebalance());
    all.push_back(heartbeats(options));
    all.push_back(offset_commits(options, beside));
    all.push_back(idempotence(options, "16 KiB batches", {.batch = small}));
    all.push_back(idempotence(options, "100-byte records of 32 synchronous producers",
                              {.batch = single, .partitions = 32, .connections = 32, .in_flight = 1}));
    for (const auto version : {TransactionVersion::first, TransactionVersion::second})
        for (const int producers : {1, 8}) all.push_back(transactions(options, beside, version, producers));
    all.push_back(memory("memory of the broker, idle", When::before));
    all.push_back(idle_connections(options));
    all.push_back(start(options, beside, "empty", 0, When::before));
    if (options.grow_gb > 0) all.push_back(growth(options));
    all.push_back(memory("memory of the broker, after the load", When::after));
    all.push_back(idle_groups(options));
    all.push_back(read_committed(options));
    all.push_back(idle_producers(options));
    // The last: brokers are busy for a while with deleting so many.
    all.push_back(start(options, beside, "1,000 topics of 10 partitions", 1000, When::after));
    return all;
}

} // namespace bench
