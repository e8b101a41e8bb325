// See start.h.
#include "start.h"

#include "many_topics.h"
#include "program.h"
#include "requests.h"
#include "statistics.h"

#include <future>
#include <thread>

namespace bench {
namespace {

constexpr double seconds_at_most = 60;

/// What the command starts may keep its output open.
void run(const std::string& command) { output_of({"sh", "-c", "( " + command + " ) >/dev/null"}, ""); }

bool true_without_failure(const std::function<bool()>& ready) {
    try {
        return ready();
    } catch (const std::exception&) {
        return false; // not yet
    }
}

} // namespace

std::optional<double> time_of_start(const Commands& commands, const std::function<bool()>& ready) {
    if (!commands.known()) return std::nullopt;
    run(commands.stop);
    const auto begun = Clock::now();
    auto starting = std::async(std::launch::async, [&] { run(commands.start); });
    while (!true_without_failure(ready)) {
        if (seconds_since(begun) > seconds_at_most) throw std::runtime_error("the broker does not start");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const double taken = seconds_since(begun);
    starting.get();
    return taken;
}

std::optional<double> start_to_first_answer(const std::string& bootstrap, const Commands& commands,
                                            int topics) {
    if (!commands.known()) return std::nullopt;
    const ManyTopics more(bootstrap, topics, 10);
    const size_t all = topics_of(bootstrap);
    return time_of_start(commands, [&] { return topics_of(bootstrap) >= all; });
}

double start_to_first_query(const Commands& commands, const std::string& psql) {
    return *time_of_start(commands, [&] {
        output_of({"sh", "-c", "psql -X -q -d \"$0\" -c ';' 2>/dev/null", psql}, "");
        return true;
    });
}

} // namespace bench
