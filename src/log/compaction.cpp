// See compaction.h.
#include "log/compaction.h"

#include "record/builder.h"
#include "record/marker.h"
#include "record/records.h"

#include <algorithm>

namespace kafka::log {
namespace {

/// What an entry of an unordered_map of strings takes besides a long key.
constexpr size_t bytes_per_entry = 96;

record::BatchOptions options_of(const record::BatchHeader& header, std::optional<int64_t> delete_horizon_ms) {
    record::BatchOptions options;
    options.codec = *header.codec();
    options.base_offset = header.base_offset;
    options.partition_leader_epoch = header.partition_leader_epoch;
    options.producer_id = header.producer_id;
    options.producer_epoch = header.producer_epoch;
    options.base_sequence = header.base_sequence;
    options.transactional = header.is_transactional();
    options.control = header.is_control();
    if (header.timestamp_type() == record::TimestampType::log_append_time)
        options.log_append_time = header.max_timestamp;
    options.delete_horizon_ms = delete_horizon_ms;
    options.last_offset = header.last_offset();
    return options;
}

/// The records of the batch that `keep` says yes to, by their place in it.
std::string rebuild(wire::View batch, const record::BatchHeader& header, const std::vector<bool>& keep,
                    std::optional<int64_t> delete_horizon_ms, size_t max_decompressed) {
    record::RecordReader reader(batch, max_decompressed);
    record::BatchBuilder builder(options_of(header, delete_horizon_ms));
    record::Record record;
    for (const bool kept : keep)
        if (reader.next(record) && kept)
            builder.add_at(record.offset, record.timestamp, record.key, record.value, record.headers);
    return builder.finish();
}

std::optional<int64_t> horizon_of(const record::BatchHeader& header) {
    if (!header.has_delete_horizon()) return std::nullopt;
    return header.base_timestamp;
}

} // namespace

// Keys ------------------------------------------------------------------------------------------------------

/// Leaves what to look for in looked_for_. False if the key falls into another share.
bool LastOffsets::place(int32_t partition, wire::View key) {
    looked_for_.assign(reinterpret_cast<const char*>(&partition), sizeof partition);
    looked_for_.append(key);
    // Share s of n is shares 2s and 2s + 1 of 2n.
    const auto hash = static_cast<unsigned __int128>(std::hash<std::string>()(looked_for_));
    return uint32_t(hash * shares_ >> 64) == share_;
}

bool LastOffsets::add(int32_t partition, wire::View key, int64_t offset) {
    if (!place(partition, key)) return true;
    const auto [entry, is_new] = offsets_.try_emplace(looked_for_, offset);
    entry->second = offset;
    if (is_new) bytes_ += bytes_per_entry + key.size();
    return bytes_ <= max_bytes_ || offsets_.size() == 1; // with shares enough they fit
}

bool LastOffsets::supersede(int32_t partition, wire::View key, int64_t offset) {
    if (!place(partition, key)) return false;
    const auto found = offsets_.find(looked_for_);
    return found != offsets_.end() && found->second > offset;
}

bool add_keys(LastOffsets& to, int32_t partition, wire::View batch, size_t max_decompressed) {
    record::RecordReader reader(batch, max_decompressed);
    record::Record record;
    std::vector<std::pair<wire::View, int64_t>> keys;
    while (reader.next(record))
        if (record.key) keys.emplace_back(*record.key, record.offset);
    if (!reader.ok()) return true; // nobody can read what it would supersede others with
    return std::all_of(keys.begin(), keys.end(),
                       [&](const auto& key) { return to.add(partition, key.first, key.second); });
}

void in_shares(size_t max_bytes, const std::function<bool(LastOffsets&)>& learn,
               const std::function<void(LastOffsets&, Pass)>& leave_out) {
    for (uint32_t share = 0, shares = 1; share < shares;) {
        LastOffsets last(max_bytes, share, shares);
        if (!learn(last)) {
            share *= 2, shares *= 2;
            continue;
        }
        leave_out(last, {share == 0, share + 1 == shares});
        share++;
    }
}

// Batches ---------------------------------------------------------------------------------------------------

bool PartitionCompaction::aborted(const record::BatchHeader& batch) const {
    return batch.is_transactional() && aborted_->holds(batch.producer_id, batch.base_offset);
}

bool PartitionCompaction::learn(wire::View batch, LastOffsets& last) const {
    const auto header = record::read_header(batch);
    if (!header || header->is_control() || aborted(*header)) return true;
    return add_keys(last, partition_, batch, rules_.max_decompressed);
}

std::optional<wire::View> PartitionCompaction::left_of(wire::View batch, LastOffsets& last) {
    const auto header = record::read_header(batch);
    if (!header || !header->codec() || header->count < 0) return batch;
    if (header->is_control()) return marker_left(batch, *header);
    if (header->is_transactional()) in_transaction_.insert(header->producer_id);
    if (header->count > 0 && aborted(*header)) return without_records(*header);
    return records_left(batch, *header, last);
}

/// A marker says how a transaction has ended to whoever reads what it has written, and stays for some time after the last of that is
/// gone (KIP-534). As long as producers are told by the headers of batches it stays as it was written. That readers be told of an
/// aborted transaction ends a round before its marker goes: without it they would take what the producer writes next for aborted.
std::optional<wire::View> PartitionCompaction::marker_left(wire::View batch,
                                                           const record::BatchHeader& header) {
    if (!record::read_marker(batch)) return header.count == 0 ? header_left(batch, header) : batch;
    const bool of_what_is_left = in_transaction_.erase(header.producer_id) > 0;
    if (of_what_is_left || !rules_.pass.first || header.last_offset() >= rules_.producers_stored_to)
        return batch;
    if (!header.has_delete_horizon()) {
        transactions_gone_.push_back(header.base_offset);
        made_ = rebuild(batch, header, {true}, delete_horizon_ms(), 0);
        return made_;
    }
    if (is_due(header)) return std::nullopt;
    return batch;
}

/// Records without a key, written before the topic was compacted, supersede nothing and stay.
std::optional<wire::View>
PartitionCompaction::records_left(wire::View batch, const record::BatchHeader& header, LastOffsets& last) {
    if (header.count == 0) return header_left(batch, header);
    record::RecordReader reader(batch, rules_.max_decompressed);
    record::Record record;
    std::vector<bool> keep;
    bool tombstones = false;
    while (reader.next(record)) {
        // Not before the pass that knows of older records of the key.
        const bool too_old =
            !record.value && record.key && is_due(header) && last.is_of_share(partition_, *record.key);
        keep.push_back(!record.key || (!too_old && !last.supersede(partition_, *record.key, record.offset)));
        tombstones |= keep.back() && record.key && !record.value;
    }
    if (!reader.ok()) return batch;
    const bool all = std::find(keep.begin(), keep.end(), false) == keep.end();
    const bool first_time = tombstones && rules_.pass.last && !header.has_delete_horizon();
    if (all && !first_time) return batch;
    if (std::find(keep.begin(), keep.end(), true) == keep.end()) return without_records(header);
    made_ = rebuild(batch, header, keep, first_time ? delete_horizon_ms() : horizon_of(header),
                    rules_.max_decompressed);
    return made_;
}

bool PartitionCompaction::tells_of_producer(const record::BatchHeader& header) const {
    return header.has_producer_id() && header.last_offset() >= rules_.producers_stored_to;
}

/// Of a batch that has no records any more.
std::optional<wire::View> PartitionCompaction::header_left(wire::View batch,
                                                           const record::BatchHeader& header) const {
    return tells_of_producer(header) ? std::optional(batch) : std::nullopt;
}

/// Nothing, unless the header still has to tell what the producer has sent.
std::optional<wire::View> PartitionCompaction::without_records(const record::BatchHeader& header) {
    if (!tells_of_producer(header)) return std::nullopt;
    made_ = record::without_records(header);
    return made_;
}

/// When what is seen to be needed no more may go.
int64_t PartitionCompaction::delete_horizon_ms() const {
    return rules_.now_ms + std::min(rules_.delete_retention_ms, INT64_MAX / 2); // which is for ever
}

/// Never in the round that has decided on the time, of which readers have not heard yet.
bool PartitionCompaction::is_due(const record::BatchHeader& batch) const {
    return batch.has_delete_horizon() && batch.base_timestamp < rules_.now_ms;
}

// Segments --------------------------------------------------------------------------------------------------

bool is_decided(std::span<const int64_t> next, const std::map<int32_t, int64_t>& open) {
    return std::all_of(open.begin(), open.end(), [&](const auto& entry) {
        const auto& [partition, first_offset] = entry;
        return size_t(partition) >= next.size() || next[size_t(partition)] <= first_offset;
    });
}

size_t segments_to_compact(const std::vector<ClosedSegment>& segments, const TopicConfig& config,
                           int64_t now_ms) {
    size_t count = 0;
    int64_t bytes = 0, dirty_bytes = 0;
    std::optional<int64_t> oldest_dirty_ms;
    for (const ClosedSegment& s : segments) {
        const bool too_new =
            config.min_compaction_lag_ms > 0 && s.max_timestamp > now_ms - config.min_compaction_lag_ms;
        if (!s.decided || too_new) break;
        count++;
        bytes += s.bytes;
        if (s.compacted) continue;
        dirty_bytes += s.bytes;
        if (!oldest_dirty_ms) oldest_dirty_ms = s.created_ms;
    }
    if (!oldest_dirty_ms) return 0;
    const bool dirty_enough = double(dirty_bytes) > config.min_cleanable_dirty_ratio * double(bytes);
    const bool overdue = now_ms - *oldest_dirty_ms > config.max_compaction_lag_ms;
    return dirty_enough || overdue ? count : 0;
}

} // namespace kafka::log
