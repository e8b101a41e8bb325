// Drops dead segments: those whose topic is gone, or whose records are. Each in a transaction of its own, without waiting long for
// whoever reads the table; what is in use is tried again later. Woken by the broker. Compacts topics from time to time. Its own
// process, main thread.
#include "worker/janitor.h"

#include "pg/process.h"
#include "pg/session.h"
#include "pg/shared.h"
#include "store/segments.h"
#include "worker/compactor.h"

#include <algorithm>
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
    Janitor() : compactor_([this] { do_what_else_is_asked(); }) {}
    /// One round. Errors are logged, not thrown.
    void sweep();
    /// How long there is nothing to do; nothing: until somebody calls.
    std::optional<std::chrono::milliseconds> rest() const;
    /// True if somebody has called since the last round began.
    bool called() const { return pg::janitor_calls() != calls_; }
    void reload_if_asked();

private:
    void do_what_else_is_asked();
    bool drop_dead_segments();
    bool drop(int64_t segment);
    void report_segment(int64_t segment, const pg::Error& error);
    void report_round(const pg::Error& error);

    Compactor compactor_;
    uint64_t calls_ = 0;         ///< pg::janitor_calls() when dead segments were last looked for
    bool left_ = false;          ///< dead segments that could not be dropped
    std::set<int64_t> reported_; ///< segments that could not be dropped, of which the log has been told
    std::string last_failure_;   ///< of a whole round; told once
};

void Janitor::reload_if_asked() {
    if (!pg::reload_requested()) return;
    pg::reload();
    compactor_.look_again();
}

/// To compact a topic may take hours, in which others want their disk space back.
void Janitor::do_what_else_is_asked() {
    reload_if_asked();
    if (!called()) return;
    try {
        left_ = drop_dead_segments();
    } catch (const pg::Error& error) {
        report_round(error);
    }
}

void Janitor::sweep() {
    calls_ = pg::janitor_calls();
    try {
        left_ = true;
        const bool there = pg::extension_exists();
        left_ = there && drop_dead_segments();
        if (there) compactor_.sweep();
        last_failure_.clear();
    } catch (const pg::Error& error) {
        report_round(error);
    }
}

std::optional<std::chrono::milliseconds> Janitor::rest() const {
    using Clock = Compactor::Clock;
    std::optional<std::chrono::milliseconds> rest;
    if (left_) rest = retry_interval;
    if (const auto due = compactor_.next_deadline()) {
        const auto until = std::chrono::ceil<std::chrono::milliseconds>(*due - Clock::now());
        rest = std::clamp(until, std::chrono::milliseconds(0), rest.value_or(until.max()));
    }
    return rest;
}

std::vector<store::DeadSegment> find_dead_segments() {
    pg::Transaction transaction("looking for dead segments");
    std::vector<store::DeadSegment> segments = store::dead_segments();
    if (!segments.empty() && store::unfinished_segment())
        segments.clear(); // a restore may still bring their topics
    transaction.commit(pg::Durability::none_written);
    return segments;
}

/// Those of a topic in their order: who reads one of them, by SQL, will come to those behind it.
bool Janitor::drop_dead_segments() {
    calls_ = pg::janitor_calls();
    std::set<wire::Uuid> in_use;
    for (const store::DeadSegment& segment : find_dead_segments()) {
        if (pg::shutdown_requested()) return true;
        if (!in_use.contains(segment.topic) && !drop(segment.id)) in_use.insert(segment.topic);
    }
    return !in_use.empty();
}

bool Janitor::drop(int64_t segment) {
    try {
        pg::Transaction transaction("dropping a dead segment");
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
        janitor.reload_if_asked();
        janitor.sweep();
        if (!janitor.called()) pg::wait(janitor.rest());
    }
}

} // namespace kafka::worker
