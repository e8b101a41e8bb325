// See log_compaction_world.h.
#include "log_compaction_world.h"

#include "record/marker.h"

#include <algorithm>

using namespace kafka;

namespace compaction_test {

int64_t Segment::bytes() const {
    int64_t sum = 0;
    for (const auto& of_partition : batches)
        for (const Batch& batch : of_partition) sum += int64_t(batch->size());
    return sum;
}

int64_t Segment::max_timestamp() const {
    int64_t newest = -1;
    for (const auto& of_partition : batches)
        for (const Batch& batch : of_partition)
            if (const auto header = record::read_header(*batch); header->count > 0)
                newest = std::max(newest, header->max_timestamp);
    return newest;
}

World::World() {
    roll();
    for (int64_t id = 1; id <= 6; id++) producers_.push_back({.id = id, .transactional = id > 2});
}

int64_t World::last_stable_offset(int32_t p) const {
    int64_t offset = end(p);
    for (const Producer& producer : producers_)
        if (producer.first_offsets[size_t(p)] >= 0)
            offset = std::min(offset, producer.first_offsets[size_t(p)]);
    return offset;
}

// The broker ------------------------------------------------------------------------------------------------

int64_t World::append(int32_t p, Producer* producer, record::BatchOptions options,
                      const std::function<void(record::BatchBuilder&)>& fill) {
    const int64_t offset = options.base_offset = end(p);
    options.partition_leader_epoch = 0;
    if (producer) {
        options.producer_id = producer->id;
        options.producer_epoch = producer->epoch;
        options.base_sequence = producer->next_sequences[size_t(p)];
        options.transactional = producer->transactional;
    }
    record::BatchBuilder builder(options);
    fill(builder);
    if (producer) producer->next_sequences[size_t(p)] += builder.count();
    if (producer && producer->transactional && producer->first_offsets[size_t(p)] < 0)
        producer->first_offsets[size_t(p)] = offset;
    add(p, builder.finish());
    return offset;
}

std::vector<int64_t> World::end_transaction(Producer& producer, bool committed, bool version_2) {
    producer.epoch = int16_t(producer.epoch + version_2);
    std::vector<int64_t> markers;
    for (int32_t p = 0; p < partitions; p++) {
        markers.push_back(-1);
        int64_t& first = producer.first_offsets[size_t(p)];
        if (version_2) producer.next_sequences[size_t(p)] = 0;
        if (first < 0) continue;
        std::string marker = record::make_marker({producer.id, producer.epoch, committed, 0}, now_ms);
        record::stamp(marker.data(), end(p), 0);
        markers.back() = end(p);
        if (!committed) {
            stored.aborted[size_t(p)].push_back({producer.id, first, end(p)});
            told.aborted[size_t(p)].push_back(stored.aborted[size_t(p)].back());
        }
        first = -1;
        add(p, std::move(marker));
    }
    return markers;
}

void World::add(int32_t p, std::string batch) {
    live_[size_t(p)].append_again(batch, now_ms);
    ends_[size_t(p)] = record::read_header(batch)->last_offset() + 1;
    const auto shared = std::make_shared<const std::string>(std::move(batch));
    for (Log* log : {&stored, &told}) log->segments.back().batches[size_t(p)].push_back(shared);
}

void World::roll() {
    for (Log* log : {&stored, &told}) log->segments.push_back({.start_offsets = ends_, .created_ms = now_ms});
}

void World::store_producers() {
    snapshot_ = live_;
    stored_to_ = ends_;
}

log::Producers World::recovered(int32_t p) const {
    log::Producers producers = snapshot_[size_t(p)];
    for (const Segment& segment : stored.segments)
        for (const Batch& batch : segment.batches[size_t(p)])
            if (record::read_header(*batch)->last_offset() >= producers_stored_to(p))
                producers.append_again(*batch, now_ms);
    return producers;
}

void World::drop_first_segment() {
    if (stored.segments.size() < 2) return;
    store_producers();
    log_starts = stored.segments[1].start_offsets;
    stored.segments.erase(stored.segments.begin());
    for (int32_t p = 0; p < partitions; p++)
        std::erase_if(stored.aborted[size_t(p)],
                      [&](const Aborted& a) { return a.last_offset < log_starts[size_t(p)]; });
    told = stored;
}

// The janitor -----------------------------------------------------------------------------------------------

struct World::Job {
    size_t segments;
    size_t memory;
    log::CompactionRules rules;
    std::vector<int64_t> producers_stored_to;
    std::vector<log::AbortedIndex> aborted = decltype(aborted)(partitions);

    std::vector<log::PartitionCompaction> begin(log::Pass pass) const {
        std::vector<log::PartitionCompaction> over;
        for (int32_t p = 0; p < partitions; p++) {
            log::CompactionRules of_partition = rules;
            of_partition.pass = pass;
            of_partition.producers_stored_to = producers_stored_to[size_t(p)];
            over.emplace_back(p, of_partition, &aborted[size_t(p)]);
        }
        return over;
    }
};

World::Outcome World::compact(const Round& round) {
    Outcome outcome;
    drop_empty();
    const int64_t retention_ms = round.config.delete_retention_ms;
    Job job{find_work(round), round.memory, {now_ms, retention_ms, 0, much}, stored_to_};
    outcome.segments = job.segments;
    if (job.segments == 0) return outcome;
    for (size_t p = 0; p < partitions; p++)
        for (const Aborted& a : stored.aborted[p]) job.aborted[p].add(a);
    round.begins(job.segments);
    try {
        log::in_shares(
            round.memory, [&](log::LastOffsets& last) { return learn_keys(job, last); },
            [&](log::LastOffsets& last, log::Pass pass) {
                std::vector<log::PartitionCompaction> over = job.begin(pass);
                for (size_t s = 0; s < job.segments; s++) {
                    outcome.rewritten += rewrite(stored.segments[s], over, last);
                    stored.segments[s].compacted |= pass.last;
                    round.done(s, pass);
                }
                outcome.passes++;
                told = stored;
            });
    } catch (const Killed&) {
        outcome.killed = true;
        told = stored;
    }
    return outcome;
}

void World::drop_empty() {
    for (size_t s = stored.segments.size() - 1; s-- > 0;)
        if (stored.segments[s].bytes() == 0) stored.segments.erase(stored.segments.begin() + ptrdiff_t(s));
}

size_t World::find_work(const Round& round) const {
    std::map<int32_t, int64_t> open;
    for (int32_t p = 0; p < partitions; p++)
        if (last_stable_offset(p) < end(p)) open[p] = last_stable_offset(p);
    std::vector<log::ClosedSegment> closed;
    for (size_t s = 0; s + 1 < stored.segments.size(); s++) {
        const Segment& segment = stored.segments[s];
        closed.push_back({segment.bytes(), segment.created_ms, segment.max_timestamp(),
                          segment.compacted && !round.at_any_rate,
                          log::is_decided(stored.segments[s + 1].start_offsets, open)});
    }
    return log::segments_to_compact(closed, round.config, now_ms);
}

bool World::learn_keys(const Job& job, log::LastOffsets& last) const {
    const std::vector<log::PartitionCompaction> over = job.begin({});
    for (size_t s = 0; s < job.segments; s++) {
        if (stored.segments[s].compacted) continue;
        for (size_t p = 0; p < partitions; p++)
            for (const Batch& batch : stored.segments[s].batches[p])
                if (!over[p].learn(*batch, last)) return false;
    }
    return true;
}

/// Whether anything has changed.
bool World::rewrite(Segment& segment, std::vector<log::PartitionCompaction>& over, log::LastOffsets& last) {
    bool changed = false;
    for (log::PartitionCompaction& c : over) {
        std::vector<Batch> left;
        for (const Batch& batch : segment.batches[size_t(c.partition())]) {
            const auto bytes = c.left_of(*batch, last);
            const bool same = bytes && bytes->data() == batch->data();
            changed |= !same;
            if (bytes) left.push_back(same ? batch : std::make_shared<const std::string>(*bytes));
        }
        segment.batches[size_t(c.partition())] = std::move(left);
        const std::vector<int64_t> markers = c.take_transactions_gone();
        std::erase_if(stored.aborted[size_t(c.partition())], [&](const Aborted& a) {
            return std::find(markers.begin(), markers.end(), a.last_offset) != markers.end();
        });
    }
    return changed;
}

} // namespace compaction_test
