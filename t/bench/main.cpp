// make bench: measures a broker, prints a table. bench bootstrap=host:port [name=value ...], see options.h;
// its progress goes to standard error.
#include "figures.h"
#include "table.h"
#include "warm_up.h"

#include <cstdio>
#include <regex>

namespace bench {
namespace {

/// Measures, and says so. A figure that fails in one round is "failed" in the table: the others are worth
/// having.
class Runner {
public:
    bool failed() const { return failed_; }

    void run(const std::string& what, Series& series, const std::function<Values()>& measure) {
        std::fprintf(stderr, "%s\n", what.c_str());
        try {
            series.add(measure());
        } catch (const std::exception& e) {
            std::fprintf(stderr, "bench: %s: %s\n", what.c_str(), e.what());
            series.add_failure();
            failed_ = true;
        }
    }

private:
    bool failed_ = false;
};

/// The brokers take turns, and in every other round the order too.
void run_measurement(Runner& runner, const Options& options, Measurement& measurement, size_t round) {
    const auto ours = [&] {
        runner.run(measurement.name, measurement.ours,
                   [&] { return measurement.measure(options.bootstrap); });
    };
    const auto kafka = [&] {
        if (options.kafka.empty()) return;
        runner.run(measurement.name + " (Kafka)", measurement.kafka,
                   [&] { return measurement.measure(options.kafka); });
    };
    if (round % 2) kafka();
    ours();
    if (round % 2 == 0) kafka();
}

/// The references that have not been measured in this round.
void run_references(Runner& runner, const Measurement& measurement, size_t round) {
    for (const Figure& figure : measurement.figures)
        for (const Reference& reference : figure.references)
            if (Yardstick& yardstick = *reference.yardstick; yardstick.series.rounds() <= round)
                runner.run("reference: " + yardstick.name, yardstick.series, yardstick.measure);
}

bool run_all(const Options& options) {
    Runner runner;
    std::vector<Measurement> all = all_measurements(options);
    const std::regex wanted(options.figures, std::regex::icase);
    std::erase_if(all, [&](const Measurement& m) { return !std::regex_search(m.name, wanted); });

    const auto run_those = [&](When when, size_t round) {
        for (Measurement& measurement : all) {
            if (measurement.when != when) continue;
            run_measurement(runner, options, measurement, round);
            run_references(runner, measurement, round);
        }
    };
    run_those(When::before, 0);
    warm_up(options);
    for (size_t round = 0; round < size_t(options.runs); round++) {
        std::fprintf(stderr, "-- round %zu of %d\n", round + 1, options.runs);
        run_those(When::each_round, round);
    }
    run_those(When::after, 0);
    print_table(all, !options.kafka.empty());
    return !runner.failed();
}

} // namespace
} // namespace bench

int main(int argc, char** argv) {
    try {
        return bench::run_all(bench::parse_options(argc, argv)) ? 0 : 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench: %s\n", e.what());
        return 2;
    }
}
