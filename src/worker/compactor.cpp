// See compactor.h.
#include "worker/compactor.h"

#include "pg/process.h"
#include "pg/shared.h"
#include "store/compaction.h"
#include "store/topics.h"

#include <algorithm>
#include <numeric>

namespace kafka::worker {
namespace {

constexpr size_t bytes_per_read = 4 << 20;
/// Between two tries of what fails.
constexpr std::chrono::milliseconds longest_pause{3'600'000};

/// The server is shut down: what has not been replaced stays as it is.
struct Stopped {};

int64_t wall_clock_ms() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

} // namespace

/// What is to be compacted of a topic.
struct Compactor::Job {
    wire::Uuid topic;
    std::vector<store::SegmentRow> segments; ///< the oldest ones
    log::CompactionRules rules;
    std::vector<int64_t> producers_stored_to;    ///< by partition
    size_t memory;                               ///< bytes, for keys
    std::vector<log::AbortedIndex> aborted = {}; ///< by partition

    int32_t partitions() const { return int32_t(aborted.size()); }
};

Compactor::Compactor(std::function<void()> others) : others_(std::move(others)) {
    pg::count_compaction(); // an earlier process may have ended before it told the broker of its last segment
}

void Compactor::look_again() {
    due_.reset();
    for (auto& [topic, failure] : failures_) failure.not_before = {};
}

void Compactor::sweep() {
    if (due_ && Clock::now() < *due_) return;
    due_ = Clock::now() + pg::current_settings().cleaner_backoff; // also if this round fails
    try {
        round();
    } catch (const Stopped&) { // NOLINT(bugprone-empty-catch): the next start goes on
    }
}

void Compactor::round() {
    std::vector<store::CompactedTopic> topics;
    {
        pg::Transaction transaction("looking for topics to compact");
        if (!store::unfinished_segment())
            topics = store::compacted_topics(); // else the log is being restored
        transaction.commit(pg::Durability::none_written);
    }
    std::erase_if(failures_, [&](const auto& failure) {
        return std::none_of(topics.begin(), topics.end(),
                            [&](const auto& t) { return t.id == failure.first; });
    });
    // All of them before the broker is told of more that it has not noticed yet.
    if (pg::all_compactions_noticed())
        for (const store::CompactedTopic& topic : topics) attempt(topic, [&] { drop_empty(topic.id); });
    for (const store::CompactedTopic& topic : topics)
        attempt(topic, [&] {
            compact(topic.id);
            failures_.erase(topic.id);
        });
    if (topics.empty())
        due_.reset();
    else
        due_ = Clock::now() + pg::current_settings().cleaner_backoff; // a rest after the work
}

void Compactor::attempt(const store::CompactedTopic& topic, const std::function<void()>& work) {
    const auto failure = failures_.find(topic.id);
    if (failure != failures_.end() && Clock::now() < failure->second.not_before) return;
    written_ = false;
    try {
        work();
    } catch (const pg::Error& error) {
        if (!error.undefined_table()) failed(topic, error); // else a segment was dropped meanwhile
    }
    if (std::exchange(replaced_, false)) pg::count_compaction(); // even if the round has failed later on
}

/// Where not all keys fit into memory the log is gone over several times, with another share of the keys each time.
void Compactor::compact(const wire::Uuid& topic) {
    const std::optional<Job> job = find_work(topic);
    if (!job) return;
    log::in_shares(
        job->memory, [&](log::LastOffsets& last) { return learn_keys(*job, last); },
        [&](log::LastOffsets& last, log::Pass pass) {
            leave_out(*job, last, pass);
            if (std::exchange(replaced_, false)) pg::count_compaction();
        });
}

std::optional<Compactor::Job> Compactor::find_work(const wire::Uuid& topic) {
    pg::Transaction transaction("looking for segments to compact");
    const log::TopicConfig config = log::resolve(store::load_config(topic), {});
    std::vector<store::SegmentRow> segments = store::load_segments({topic})[topic];
    const bool all_compacted = std::all_of(segments.begin(), segments.end(), [&](const store::SegmentRow& s) {
        return s.compacted || &s == &segments.back();
    });
    if (all_compacted) return std::nullopt;
    const std::map<int32_t, int64_t> open = store::first_open_offsets(topic);
    std::vector<log::ClosedSegment> closed;
    // The last one says where the partitions end.
    for (size_t i = 0; i + 1 < segments.size() && !segments[i].lost; i++) {
        const store::SegmentRow& s = segments[i];
        int64_t newest = -1;
        for (const int64_t timestamp : s.max_timestamps) newest = std::max(newest, timestamp);
        closed.push_back({std::accumulate(s.bytes.begin(), s.bytes.end(), int64_t(0)), s.created_ms, newest,
                          s.compacted, log::is_decided(segments[i + 1].start_offsets, open)});
    }
    Job job{topic,
            {},
            {wall_clock_ms(), config.delete_retention_ms, 0, size_t(pg::largest_max_decompressed_bytes)},
            store::producers_stored_to(topic),
            size_t(store::maintenance_memory())};
    segments.resize(log::segments_to_compact(closed, config, job.rules.now_ms));
    job.segments = std::move(segments);
    if (job.segments.empty()) return std::nullopt;
    find_aborted(job);
    transaction.commit(pg::Durability::none_written);
    return job;
}

/// Tables of which nothing was left in an earlier round, so that the broker, which has noticed that, does not look into them any more.
void Compactor::drop_empty(const wire::Uuid& topic) {
    std::vector<int64_t> empty;
    {
        pg::Transaction transaction("looking for empty segments");
        const std::vector<store::SegmentRow> segments = store::load_segments({topic})[topic];
        for (size_t i = 0; i + 1 < segments.size(); i++) // the last one says where the partitions end
            if (segments[i].is_empty()) empty.push_back(segments[i].id);
        transaction.commit(pg::Durability::none_written);
    }
    for (const int64_t segment : empty) {
        pg::Transaction transaction("dropping an empty segment");
        store::drop_segment(segment);
        transaction.commit(pg::Durability::local);
    }
}

void Compactor::find_aborted(Job& job) {
    size_t partitions = 0;
    for (const store::SegmentRow& s : job.segments)
        partitions = std::max(partitions, s.max_timestamps.size());
    for (int32_t p = 0; p < int32_t(partitions); p++) {
        log::AbortedIndex& index = job.aborted.emplace_back();
        for (const log::Aborted& a : transactions_.aborted({job.topic, p}, 0, INT64_MAX).transactions)
            index.add(a);
    }
}

std::vector<log::PartitionCompaction> Compactor::begin(const Job& job, log::Pass pass) const {
    std::vector<log::PartitionCompaction> partitions;
    for (int32_t p = 0; p < job.partitions(); p++) {
        log::CompactionRules rules = job.rules;
        rules.pass = pass;
        rules.now_ms = wall_clock_ms(); // a round may take hours
        if (size_t(p) < job.producers_stored_to.size())
            rules.producers_stored_to = job.producers_stored_to[size_t(p)];
        partitions.emplace_back(p, rules, &job.aborted[size_t(p)]);
    }
    return partitions;
}

/// Calls take(batch) for each batch of a partition in a segment. False if it returned false.
template <class Take> bool Compactor::each_batch(int64_t segment, int32_t partition, Take take) {
    for (int64_t offset = 0;;) {
        if (pg::shutdown_requested()) throw Stopped();
        const auto found = batches_.read(segment, partition, offset, bytes_per_read, true);
        for (const store::StoredBatch& batch : found)
            if (!take(batch)) return false;
        if (found.empty()) return true;
        offset = found.back().last_offset + 1;
    }
}

/// False if there is no room for all of them.
bool Compactor::learn_keys(const Job& job, log::LastOffsets& last) {
    const std::vector<log::PartitionCompaction> partitions = begin(job, {});
    for (const store::SegmentRow& segment : job.segments) {
        if (segment.compacted) continue; // whatever it holds is superseded from later ones, if at all
        pg::Transaction transaction("reading keys for compaction");
        for (int32_t p = 0; p < job.partitions(); p++) {
            const bool all = each_batch(segment.id, p, [&](const store::StoredBatch& batch) {
                return partitions[size_t(p)].learn(batch.data.data, last);
            });
            if (!all) return false;
        }
        transaction.commit(pg::Durability::none_written);
    }
    return true;
}

void Compactor::leave_out(const Job& job, log::LastOffsets& last, log::Pass pass) {
    std::vector<log::PartitionCompaction> partitions = begin(job, pass);
    for (const store::SegmentRow& segment : job.segments) {
        std::vector<log::PartitionCompaction> after = partitions;
        if (pass_over(segment, after, last, pass)) {
            partitions = std::move(after);
        } else {
            pg::Transaction transaction("compacting a segment");
            rewrite(job, segment, partitions, last, pass);
            transaction.commit(pg::Durability::local);
            replaced_ = true;
        }
        others_();
    }
}

/// True if nothing of the segment is to be left out.
bool Compactor::pass_over(const store::SegmentRow& segment, std::vector<log::PartitionCompaction>& partitions,
                          log::LastOffsets& last, log::Pass pass) {
    pg::Transaction transaction("looking what of a segment is superseded");
    const bool whole = stays_whole(segment, partitions, last);
    if (!whole)
        store::check_not_in_use(segment.id); // before all of it is written in vain
    else if (pass.last && !segment.compacted)
        store::mark_compacted(segment.id);
    transaction.commit(pg::Durability::local);
    return whole;
}

bool Compactor::stays_whole(const store::SegmentRow& segment,
                            std::vector<log::PartitionCompaction>& partitions, log::LastOffsets& last) {
    for (log::PartitionCompaction& p : partitions) {
        const bool whole = each_batch(segment.id, p.partition(), [&](const store::StoredBatch& batch) {
            const auto left = p.left_of(batch.data.data, last);
            return left && left->data() == batch.data.data.data();
        });
        if (!whole) return false;
    }
    return true;
}

void Compactor::rewrite(const Job& job, const store::SegmentRow& segment,
                        std::vector<log::PartitionCompaction>& partitions, log::LastOffsets& last,
                        log::Pass pass) {
    written_ = true;
    store::Batches::Append replacement(store::make_replacement(segment.id));
    std::vector<int64_t> max_timestamps(segment.max_timestamps.size(), record::no_timestamp);
    std::vector<int64_t> bytes(max_timestamps.size());
    for (log::PartitionCompaction& p : partitions) {
        int64_t max_timestamp = record::no_timestamp, partition_bytes = 0;
        int32_t leader_epoch = 0; // of a batch that cannot be read: that of the one before
        each_batch(segment.id, p.partition(), [&](const store::StoredBatch& batch) {
            const std::optional<wire::View> left = p.left_of(batch.data.data, last);
            if (!left) return true;
            const auto header = record::read_header(*left);
            if (header && header->count > 0) max_timestamp = std::max(max_timestamp, header->max_timestamp);
            if (header) leader_epoch = header->partition_leader_epoch;
            partition_bytes += int64_t(left->size());
            replacement.add({p.partition(), leader_epoch, batch.base_offset, batch.last_offset, max_timestamp,
                             partition_bytes, *left});
            return true;
        });
        if (size_t(p.partition()) < max_timestamps.size()) {
            max_timestamps[size_t(p.partition())] = max_timestamp;
            bytes[size_t(p.partition())] = partition_bytes;
        }
        if (const std::vector<int64_t> markers = p.take_transactions_gone(); !markers.empty())
            store::forget_aborted(job.topic, p.partition(), markers);
    }
    replacement.finish();
    store::replace_segment(segment.id, max_timestamps, bytes, pass.last);
}

void Compactor::failed(const store::CompactedTopic& topic, const pg::Error& error) {
    if (pg::shutdown_requested()) return;
    Failure& failure = failures_[topic.id];
    if (written_ || !error.lock_not_available()) { // else not much has been done
        const std::chrono::milliseconds backoff = pg::current_settings().cleaner_backoff;
        failure.pause = std::clamp(2 * failure.pause, backoff, std::max(backoff, longest_pause));
        failure.not_before = Clock::now() + failure.pause;
    }
    if (std::exchange(failure.told, error.what()) == error.what()) return;
    if (error.lock_not_available())
        pg::log(pg::Level::log, "pg_kafka janitor: a segment of topic \"" + topic.name +
                                    "\" is in use and will be compacted later");
    else
        pg::log(pg::Level::warning,
                "pg_kafka janitor could not compact topic \"" + topic.name + "\": " + error.what(),
                error.detail, error.hint);
}

} // namespace kafka::worker
