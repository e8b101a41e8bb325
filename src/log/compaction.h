// What compaction leaves of a topic whose cleanup.policy contains compact: of each key the last record. Pure; the janitor reads the
// batches and stores what is left.
//
// It goes over the closed segments twice: once to learn the last offset of each key, then, from the beginning of the log, to leave
// out what these say is superseded. Offsets stay as they are, so that a log has gaps afterwards.
#pragma once
#include "log/aborted.h"
#include "log/topic_config.h"
#include "record/batch.h"
#include "wire/bytes.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace kafka::log {

/// The last offset of each key of a topic. Where not all keys fit into memory, it takes a share of them at a time.
class LastOffsets {
public:
    /// Of the keys that fall into share `share` of `shares`.
    explicit LastOffsets(size_t max_bytes, uint32_t share = 0, uint32_t shares = 1)
        : max_bytes_(max_bytes), share_(share), shares_(shares) {}

    /// Offsets of a partition come in their order. False if there is no more room.
    bool add(int32_t partition, wire::View key, int64_t offset);
    /// Whether a later record has the key, as far as it belongs to the share.
    bool supersede(int32_t partition, wire::View key, int64_t offset);
    /// Whether the key belongs to the share.
    bool is_of_share(int32_t partition, wire::View key) { return place(partition, key); }
    size_t size() const { return offsets_.size(); }

private:
    bool place(int32_t partition, wire::View key);

    size_t max_bytes_, bytes_ = 0;
    uint32_t share_, shares_;
    std::unordered_map<std::string, int64_t> offsets_; ///< by partition and key
    std::string looked_for_;                           ///< keeps its memory
};

/// Adds the keys of a batch that is not of an aborted transaction, if it can be read. False if there is no more room.
bool add_keys(LastOffsets& to, int32_t partition, wire::View batch, size_t max_decompressed);

/// Which of the passes of a round it is, each of which takes a share of the keys. Markers are left to the first, before which it is seen
/// what there is of their transactions; and when tombstones may go is decided in the last, when all that they delete is gone.
struct Pass {
    bool first = true, last = true;
};

/// Makes the passes of a round, as many as it takes: learn(last) adds all keys, or returns false if there is no room, and
/// leave_out(last, pass) goes by them.
void in_shares(size_t max_bytes, const std::function<bool(LastOffsets&)>& learn,
               const std::function<void(LastOffsets&, Pass)>& leave_out);

/// What a compaction of one partition goes by.
struct CompactionRules {
    int64_t now_ms = 0; ///< wall clock, milliseconds since 1970
    int64_t delete_retention_ms =
        0; ///< tombstones, and markers of transactions of which nothing is left, stay so long
    int64_t producers_stored_to =
        0; ///< what is known of producers is stored up to this offset; later ones are told by headers
    size_t max_decompressed = 0; ///< of a batch, in bytes
    Pass pass = {};
};

/// Leaves out what is superseded of the batches of one partition.
class PartitionCompaction {
public:
    /// `aborted` are those of the partition; it outlives this.
    PartitionCompaction(int32_t partition, const CompactionRules& rules, const AbortedIndex* aborted)
        : partition_(partition), rules_(rules), aborted_(aborted) {}

    int32_t partition() const { return partition_; }

    /// Adds the keys with which the batch supersedes others. False if there is no more room.
    bool learn(wire::View batch, LastOffsets& last) const;
    /// What is left of the batch: itself, other bytes that are valid until the next call, or nothing. They come in the order of
    /// their offsets, from the beginning of the log. A batch that cannot be read is left as it is.
    std::optional<wire::View> left_of(wire::View batch, LastOffsets& last);

    /// Offsets of the markers of transactions that have been found, since the last call, to have nothing left. The markers
    /// themselves stay for delete.retention.ms.
    std::vector<int64_t> take_transactions_gone() { return std::exchange(transactions_gone_, {}); }

private:
    bool aborted(const record::BatchHeader& batch) const;
    std::optional<wire::View> marker_left(wire::View batch, const record::BatchHeader& header);
    std::optional<wire::View> records_left(wire::View batch, const record::BatchHeader& header,
                                           LastOffsets& last);
    bool tells_of_producer(const record::BatchHeader& header) const;
    std::optional<wire::View> header_left(wire::View batch, const record::BatchHeader& header) const;
    std::optional<wire::View> without_records(const record::BatchHeader& header);
    int64_t delete_horizon_ms() const;
    bool is_due(const record::BatchHeader& batch) const;

    int32_t partition_;
    CompactionRules rules_;
    const AbortedIndex* aborted_;
    std::unordered_set<int64_t> in_transaction_; ///< producers with batches since their last marker
    std::vector<int64_t> transactions_gone_;     ///< offsets of their markers
    std::string made_;
};

/// One closed segment, as far as it decides what is compacted.
struct ClosedSegment {
    int64_t bytes;
    int64_t created_ms;
    int64_t max_timestamp; ///< of all partitions
    bool compacted;        ///< it has been, since it was closed
    bool decided;          ///< no transaction that is open now has written to it
};

/// Whether no open transaction has written to a segment: `next` are the offsets by partition where the one after it starts, `open` is
/// the first offset of open transactions, of partitions that have any.
bool is_decided(std::span<const int64_t> next, const std::map<int32_t, int64_t>& open);

/// How many of the oldest segments are to be compacted now; 0: it is not worth it yet.
size_t segments_to_compact(const std::vector<ClosedSegment>& segments, const TopicConfig& config,
                           int64_t now_ms);

} // namespace kafka::log
