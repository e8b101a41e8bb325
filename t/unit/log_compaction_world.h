// What compaction works on, in memory: the tables of one topic, a broker that appends to them, and a janitor that goes over them as
// worker/compactor does, segment by segment, and may be killed after each of them.
#pragma once
#include "log/aborted.h"
#include "log/compaction.h"
#include "log/producers.h"
#include "record/builder.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace compaction_test {

using kafka::log::Aborted;
using Batch = std::shared_ptr<const std::string>;

constexpr size_t much = 64 << 20;
constexpr int32_t partitions = 2;

struct Segment {
    std::vector<int64_t> start_offsets = {};                                 ///< by partition
    std::vector<std::vector<Batch>> batches = decltype(batches)(partitions); ///< likewise
    int64_t created_ms = 0;
    bool compacted = false;

    int64_t bytes() const;
    int64_t max_timestamp() const;
};

/// What a broker serves: all of it stored, or what it heard of last.
struct Log {
    std::vector<Segment> segments; ///< the last one is open
    std::vector<std::vector<Aborted>> aborted =
        decltype(aborted)(partitions); ///< by partition, in the order of their ends
};

struct Producer {
    int64_t id;
    bool transactional;
    int16_t epoch = 0;
    std::vector<int32_t> next_sequences = std::vector<int32_t>(partitions);
    std::vector<int64_t> first_offsets =
        std::vector<int64_t>(partitions, -1); ///< of its open transaction; -1: none
};

class World {
public:
    World();

    Log stored;
    Log told; ///< of which the broker has heard: after each pass, and after a crash
    int64_t now_ms = 1'000'000;
    std::vector<int64_t> log_starts = std::vector<int64_t>(partitions);

    int64_t end(int32_t p) const { return ends_[size_t(p)]; }
    /// Where the first open transaction begins, or the end.
    int64_t last_stable_offset(int32_t p) const;
    std::vector<Producer>& producers() { return producers_; }

    /// The base offset. `producer` may be null.
    int64_t append(int32_t p, Producer* producer, kafka::record::BatchOptions options,
                   const std::function<void(kafka::record::BatchBuilder&)>& fill);
    /// Offsets of the markers, by partition; -1: it had not written to that. With version 2 it begins another epoch (KIP-890).
    std::vector<int64_t> end_transaction(Producer& producer, bool committed, bool version_2);
    void roll();
    void store_producers();
    /// Moves the log start offsets to where the second segment begins, and drops the first.
    void drop_first_segment();

    int64_t producers_stored_to(int32_t p) const { return stored_to_[size_t(p)]; }
    /// As they would be known after a restart, and as they are.
    kafka::log::Producers recovered(int32_t p) const;
    const kafka::log::Producers& live(int32_t p) const { return live_[size_t(p)]; }

    /// What a round goes by, and whom it tells how far it is.
    struct Round {
        kafka::log::TopicConfig config;
        size_t memory = much;
        bool at_any_rate = false; ///< all segments that are decided, also without anything new
        std::function<void(size_t segments)> begins = [](size_t) {};
        std::function<void(size_t segment, kafka::log::Pass)> done = [](size_t, kafka::log::Pass) {};
    };
    /// Thrown by done(): the janitor is killed.
    struct Killed {};
    struct Outcome {
        size_t segments = 0, rewritten = 0, passes = 0;
        bool killed = false;
    };
    Outcome compact(const Round& round);

private:
    struct Job;
    void drop_empty();
    size_t find_work(const Round& round) const;
    bool learn_keys(const Job& job, kafka::log::LastOffsets& last) const;
    bool rewrite(Segment& segment, std::vector<kafka::log::PartitionCompaction>& over,
                 kafka::log::LastOffsets& last);
    void add(int32_t p, std::string batch);

    std::vector<int64_t> ends_ = std::vector<int64_t>(partitions);
    std::vector<Producer> producers_;
    std::vector<kafka::log::Producers> live_ = decltype(live_)(partitions),
                                       snapshot_ = decltype(live_)(partitions);
    std::vector<int64_t> stored_to_ = std::vector<int64_t>(partitions);
};

} // namespace compaction_test
