// What a partition knows of its idempotent producers: against this is held what they send next, so that no batch is stored twice,
// out of order, or after a later one of theirs is missing (KIP-98, KIP-360). Pure.
//
// All of it can be told from the headers of the batches in the log; what is stored besides spares going through all of them.
#pragma once
#include "wire/bytes.h"
#include "wire/errors.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>

namespace kafka::record {
struct BatchHeader;
}

namespace kafka::log {

/// The records of one batch among all that its producer has sent to the partition. Sequences wrap from 2147483647 to 0.
struct Sequence {
    int64_t producer_id = -1; ///< -1: the producer is not idempotent
    int16_t epoch = -1;
    int32_t first = -1, last = -1;

    bool exists() const { return producer_id >= 0; }
};

Sequence sequence_of(const record::BatchHeader& header);

/// A batch that a producer has appended.
struct ProducedBatch {
    int32_t first_sequence, last_sequence;
    int64_t base_offset;
    int64_t timestamp; ///< the largest of its records, as it was stored; milliseconds since 1970

    bool operator==(const ProducedBatch&) const = default;
};

/// One producer: its epoch, and its last batches in that epoch. A client has at most as many requests under way, so that whatever it
/// may send again is among them.
class Producer {
public:
    static constexpr size_t max_batches = 5;

    int16_t epoch = -1;
    int32_t coordinator_epoch =
        -1;                  ///< of the marker that ended its last transaction here; -1: there was none
    int64_t timestamp = -1;  ///< of its last batch or marker
    int64_t appended_ms = 0; ///< when that was appended, by our clock; milliseconds since 1970

    /// The oldest first.
    std::span<const ProducedBatch> batches() const { return {batches_.data(), count_}; }
    void add(const ProducedBatch& batch);
    void forget_batches() { count_ = 0; }

    bool operator==(const Producer& other) const;

private:
    std::array<ProducedBatch, max_batches> batches_;
    size_t count_ = 0;
};

/// The producers of one partition. "Changed" is who is not stored as it is here.
class Producers {
public:
    /// The batch that this one repeats; null: it is a new one.
    const ProducedBatch* find_duplicate(const Sequence& sequence) const;
    /// Whether a new batch may be appended: INVALID_PRODUCER_EPOCH from a producer that a later epoch has replaced,
    /// OUT_OF_ORDER_SEQUENCE_NUMBER unless it goes on where the producer's last batch ended, or begins an epoch with 0. Whoever is
    /// not known, for instance because it was silent for too long, may begin with any sequence, unless it
    /// `begins_with_0`: with transactions of version 2 each has an epoch of its own (KIP-890).
    wire::ErrorCode check(const Sequence& sequence, bool begins_with_0 = false) const;
    /// The batch is in the log, or staged.
    void append(const Sequence& sequence, int64_t base_offset, int64_t timestamp, int64_t now_ms);
    /// The same of a marker, which may raise the producer's epoch: then what comes next begins with sequence 0.
    void end_transaction(int64_t producer_id, int16_t epoch, int32_t coordinator_epoch, int64_t timestamp,
                         int64_t now_ms);

    const Producer* find(int64_t producer_id) const;
    void each(const std::function<void(int64_t producer_id, const Producer&)>& visit) const;

    /// The same of a batch or marker that is in the log already. `start` are its first bytes: the header, and all of a marker. False
    /// if there is no header.
    bool append_again(wire::View start, int64_t now_ms);

    /// As it is stored.
    void load(int64_t producer_id, const Producer& producer) {
        producers_.insert_or_assign(producer_id, producer);
    }
    /// As it was before an append that was taken back; none: it was not known.
    void restore(int64_t producer_id, const std::optional<Producer>& before);
    /// Forgets who has not appended since that time, but those that are to be kept.
    void expire(int64_t before_ms, const std::function<bool(int64_t producer_id)>& kept);

    const std::unordered_set<int64_t>& changed() const { return changed_; }
    void stored() { changed_.clear(); }

private:
    std::unordered_map<int64_t, Producer> producers_;
    std::unordered_set<int64_t> changed_; ///< also of producers that are forgotten
};

} // namespace kafka::log
