// Drops dead segments: those whose topic is gone. Each in a transaction of its own, without waiting long for
// whoever reads the table; what is in use is tried again later. Woken by the broker. Its own process, main
// thread.
#include "worker/janitor.h"

#include "pg/process.h"
#include "pg/session.h"
#include "pg/shared.h"
#include "pg/spi.h"
#include "store/segments.h"

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kafka::worker {
namespace {

constexpr std::chrono::milliseconds retry_interval{10000};

class Janitor {
public:
    /// One round; true if something is left for a later one. Errors are logged, not thrown.
    bool sweep();

private:
    bool drop_dead_segments();
    bool drop(int64_t segment);
    void report_segment(int64_t segment, const pg::Error& error);
    void report_round(const pg::Error& error);

    std::set<int64_t> reported_; ///< segments that could not be dropped, of which the log has been told
    std::string last_failure_;   ///< of a whole round; told once
};

bool Janitor::sweep() {
    try {
        const bool left = pg::extension_exists() && drop_dead_segments();
        last_failure_.clear();
        return left;
    } catch (const pg::Error& error) {
        report_round(error);
        return true;
    }
}

std::vector<int64_t> find_dead_segments() {
    pg::Transaction transaction("looking for dead segments");
    std::vector<int64_t> segments = store::dead_segments();
    if (!segments.empty() && store::unfinished_segment())
        segments.clear(); // a restore may still bring their topics
    transaction.commit(pg::Durability::none_written);
    return segments;
}

bool Janitor::drop_dead_segments() {
    bool left = false;
    for (const int64_t segment : find_dead_segments()) {
        if (pg::shutdown_requested()) return true;
        if (!drop(segment)) left = true;
    }
    return left;
}

bool Janitor::drop(int64_t segment) {
    try {
        pg::Transaction transaction("dropping a dead segment");
        // Who waits for a lock blocks everybody who comes after him, so this wait is short.
        pg::execute("SET LOCAL lock_timeout = '100ms'");
        store::drop_segment(segment);
        transaction.commit(pg::Durability::local);
    } catch (const pg::Error& error) {
        report_segment(segment, error);
        return false;
    }
    reported_.erase(segment);
    return true;
}

void Janitor::report_segment(int64_t segment, const pg::Error& error) {
    if (pg::shutdown_requested() || !reported_.insert(segment).second) return;
    const std::string table = store::segment_table(segment);
    if (error.lock_not_available())
        pg::log(pg::Level::log, "pg_kafka janitor: table " + table + " is in use and will be dropped later");
    else
        pg::log(pg::Level::warning, "pg_kafka janitor could not drop table " + table + ": " + error.what(),
                error.detail, error.hint);
}

void Janitor::report_round(const pg::Error& error) {
    // DROP EXTENSION at this moment is no failure: the catalog is locked, and then it is gone.
    const bool dropping = error.lock_not_available() || error.undefined_table() || error.undefined_schema();
    if (pg::shutdown_requested() || dropping || last_failure_ == error.what()) return;
    last_failure_ = error.what();
    pg::log(pg::Level::warning, "pg_kafka janitor could not do its round: " + last_failure_, error.detail,
            error.hint);
}

} // namespace

void run_janitor() {
    Janitor janitor;
    while (!pg::shutdown_requested()) {
        if (pg::reload_requested()) pg::reload();
        const uint64_t calls = pg::janitor_calls();
        const bool left = janitor.sweep();
        if (pg::janitor_calls() == calls) pg::wait(left ? std::optional(retry_interval) : std::nullopt);
    }
}

} // namespace kafka::worker
