// See start.h.
#include "start.h"

#include "many_topics.h"
#include "program.h"
#include "requests.h"
#include "statistics.h"

#include <functional>
#include <future>
#include <thread>

namespace bench {
namespace {

constexpr double seconds_at_most = 60;

/// What the command starts may keep its output open.
void run(const std::string& command) { output_of({"sh", "-c", "( " + command + " ) >/dev/null"}, ""); }

/// Seconds from the start until the condition is true.
double time_of_start(const Commands& commands, const std::function<bool()>& ready) {
    run(commands.stop);
    const auto begun = Clock::now();
    auto starting = std::async(std::launch::async, [&] { run(commands.start); });
    while (!ready()) {
        if (seconds_since(begun) > seconds_at_most) throw std::runtime_error("the broker does not start");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const double taken = seconds_since(begun);
    starting.get();
    return taken;
}

bool answers_for(const std::string& bootstrap, size_t topics) {
    try {
        return topics_of(bootstrap) >= topics;
    } catch (const std::exception&) {
        return false; // not yet
    }
}

} // namespace

std::optional<double> start_to_first_answer(const std::string& bootstrap, const Commands& commands,
                                            int topics) {
    if (!commands.known()) return std::nullopt;
    const ManyTopics more(bootstrap, topics, 10);
    const size_t all = topics_of(bootstrap);
    return time_of_start(commands, [&] { return answers_for(bootstrap, all); });
}

double start_to_first_query(const Commands& commands, const std::string& psql) {
    return time_of_start(commands, [&] {
        try {
            output_of({"sh", "-c", "psql -X -q -d \"$0\" -c ';' 2>/dev/null", psql}, "");
            return true;
        } catch (const std::exception&) {
            return false; // not yet
        }
    });
}

} // namespace bench
