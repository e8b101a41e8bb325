// See warm_up.h.
#include "warm_up.h"

#include "postgres.h"
#include "raw_consumer.h"
#include "raw_producer.h"
#include "statistics.h"
#include "topic.h"

#include <cstdio>

namespace bench {
namespace {

constexpr double default_wal = 4e9; ///< to be filled where nobody can be asked
constexpr Load stream{.batch{.records = 128}, .partitions = 4, .connections = 4};

void exercise(const std::string& bootstrap, double duration) {
    const Topic topic(bootstrap, 4);
    const Load batches{.partitions = 4, .connections = 4};
    const Produced produced = produce_for(bootstrap, topic.name(), batches, duration);
    const size_t in_each_partition = produced.requests / 4 * size_t(batches.batch.records);
    RawConsumer(bootstrap, topic.name()).read_for(duration / 2, 0, int64_t(in_each_partition / 2));
    const Load singles{
        .batch{.records = 1, .record_bytes = 100}, .partitions = 4, .connections = 8, .in_flight = 1};
    produce_for(bootstrap, topic.name(), singles, duration);
}

void fill_wal(const Options& options) {
    const double bytes = options.psql.empty() ? default_wal : Postgres(options.psql).wal_to_fill();
    if (bytes <= 0) return;
    const double at_most = 40 * options.seconds;
    std::fprintf(stderr, "warming up: %.1f GB of WAL, at most %.0f s\n", bytes / 1e9, at_most);
    {
        const Topic topic(options.bootstrap, stream.partitions);
        produce_bytes(options.bootstrap, topic.name(), stream, size_t(bytes), at_most);
    }
    if (!options.psql.empty()) Postgres(options.psql).checkpoint(); // files behind it are used again
}

} // namespace

void warm_up(const Options& options) {
    fill_wal(options);
    for (const std::string& broker : {options.bootstrap, options.kafka}) {
        if (broker.empty()) continue;
        std::fprintf(stderr, "warming up: %s\n", broker.c_str());
        exercise(broker, options.seconds);
    }
}

} // namespace bench
