// The appends of one turn, between the moment their offsets are assigned and the commit that makes them
// durable. Main thread only. Each append sees those staged before it; readers see none of them until
// commit().
//
// A turn: append() for each accepted batch; the caller writes rolls() and batches() to the tables and
// commits; then commit() makes them visible, or rollback() forgets them and their offsets.
#pragma once
#include "log/topic.h"
#include "record/marker.h"

#include <unordered_set>

namespace kafka::log {

/// A batch whose offsets are assigned.
struct StagedBatch {
    Topic* topic;
    int32_t partition;
    int64_t base_offset, last_offset;
    int64_t max_timestamp; ///< largest timestamp of the partition in its segment, up to and with this batch
    int64_t bytes;         ///< of the partition's batches in its segment, up to and with this one
    wire::Slice data;
    size_t roll; ///< index into rolls() of the segment it belongs to, or no_roll: the topic's open segment
};

/// A segment to be made before some batch of the turn, closing the one before it.
struct StagedRoll {
    Topic* topic;
    Segment opened;                         ///< its id is set by whoever makes the table
    std::vector<int64_t> closed_timestamps; ///< Segment::max_timestamps of the one before it
    std::vector<int64_t> closed_bytes;      ///< Segment::partition_bytes of the one before it
};

class Staging {
public:
    static constexpr size_t no_roll = size_t(-1);

    /// What append() needs to know of an accepted batch.
    struct Batch {
        wire::Slice data;
        int32_t last_offset_delta;
        int64_t max_timestamp;
        Sequence sequence{};
        std::optional<record::Marker> marker{}; ///< it ends a transaction
    };

    /// The offset that the next batch appended to this partition will get.
    static int64_t next_offset(const Topic& topic, int32_t partition) {
        return topic.partition(partition)->staged_end_offset;
    }

    /// Assigns offsets. The topic must have been opened. The bytes must already bear next_offset().
    void append(Topic& topic, int32_t partition, Batch batch, int64_t now_ms);

    /// The topic, which has been opened and has an open segment, is to go on in a new one.
    void roll(Topic& topic, int64_t now_ms);

    /// Gives the batches from this index on bytes of their own, apart from the frames that they came in.
    void copy_out(size_t first);

    /// About as many locks as the transaction that writes it takes: on each table and its index, and more where
    /// these are made.
    size_t locks() const { return 2 * topics_.size() + 4 * rolls_.size(); }

    bool empty() const { return batches_.empty() && rolls_.empty(); }
    size_t bytes() const { return bytes_; }
    /// Those that anything has been staged for.
    const std::unordered_set<Topic*>& topics() const { return topics_; }
    std::vector<StagedRoll>& rolls() { return rolls_; }
    const std::vector<StagedBatch>& batches() const { return batches_; }

    /// The writes are durable: moves watermarks and segments and fills the tail cache.
    void commit(TailCache& cache);
    /// The writes failed: every touched partition is as it was before the turn.
    void rollback();

private:
    void note_producer(Partition& partition, const Batch& batch, int64_t now_ms);
    bool must_roll(Topic& topic, size_t batch_bytes, int64_t now_ms) const;
    void clear();

    /// A producer as it was before one of its batches.
    struct ProducerBefore {
        Partition* partition;
        int64_t producer_id;
        std::optional<Producer> producer;
    };

    std::unordered_set<Topic*> topics_;
    std::vector<StagedBatch> batches_;
    std::vector<StagedRoll> rolls_;
    std::vector<ProducerBefore> producers_before_; ///< one for each batch of an idempotent producer
    size_t bytes_ = 0;
};

} // namespace kafka::log
