// See message_reader.h.
#include "sql/message_reader.h"

#include "pg/error.h"
#include "record/marker.h"

#include <algorithm>
#include <string>

namespace kafka::sql {
namespace {

/// Of a closed segment. A partition that came later than the segment has no record in it.
int64_t max_timestamp(const log::Segment& segment, int32_t partition) {
    const auto index = size_t(partition);
    return index < segment.max_timestamps.size() ? segment.max_timestamps[index] : INT64_MIN;
}

} // namespace

void MessageReader::restart(Bounds bounds) {
    close();
    bounds_ = std::move(bounds);
    walk_.restart(bounds_);
    next_segment_ = SIZE_MAX;
}

void MessageReader::close() {
    records_.reset();
    table_.close();
}

bool MessageReader::next(Row& row) {
    for (;;) {
        while (records_ && records_->next(row.record)) {
            if (row.record.offset < walk_.partition().log_start_offset) continue;
            if (row.record.offset > last_offset_ || !bounds_.offsets.contains(row.record.offset)) continue;
            row.topic = &walk_.topic().name;
            row.partition = walk_.partition().index;
            const record::BatchHeader& header = records_->header();
            row.producer_id = header.producer_id;
            row.producer_epoch = header.producer_epoch;
            row.control = header.is_control();
            row.transaction_state = state_;
            return true;
        }
        if (records_ && !records_->ok()) refuse_damaged();
        records_.reset();
        if (!next_batch()) return false;
    }
}

bool MessageReader::next_batch() {
    for (;;) {
        if (table_.is_open() && next_batch_of_segment()) return true;
        table_.close();
        if (!next_segment() && !next_partition()) return false;
    }
}

bool MessageReader::next_partition() {
    next_segment_ = SIZE_MAX;
    if (!walk_.next()) return false;
    position_ = walk_.partition().log_start_offset;
    last_offset_ = INT64_MAX;
    knows_open_ = isolation_ == Isolation::none;
    next_segment_ = 0;
    return true;
}

txn::PartitionId MessageReader::partition_id() const { return {walk_.topic().id, walk_.partition().index}; }

/// The first offset that is wanted, from that one on, and may be seen.
std::optional<int64_t> MessageReader::next_wanted(int64_t from) const {
    const auto wanted = bounds_.offsets.next(from);
    return wanted && *wanted <= last_offset_ ? wanted : std::nullopt;
}

/// Opens the next segment of this partition that can hold wanted records.
bool MessageReader::next_segment() {
    if (next_segment_ == SIZE_MAX) return false; // the walk is at no partition
    const auto& segments = walk_.topic().segments;
    const int32_t partition = walk_.partition().index;
    const auto wanted = next_wanted(position_);
    if (!wanted) return false;
    while (next_segment_ < segments.size()) {
        const log::Segment& segment = segments[next_segment_++];
        const bool ends_before =
            next_segment_ < segments.size() && segments[next_segment_].start_offset(partition) <= *wanted;
        const bool is_older = segment.closed() && max_timestamp(segment, partition) < bounds_.min_timestamp;
        if (ends_before || is_older || !table_.open(segment.id)) continue;
        positioned_ = false;
        return true;
    }
    return false;
}

/// Moves to the next batch that holds wanted records, passing over others without reading them.
bool MessageReader::next_batch_of_segment() {
    while (const auto wanted = next_wanted(position_)) {
        if (!positioned_ || *wanted > position_) seek(*wanted);
        if (!positioned_) return false;
        const auto batch = table_.next();
        if (!batch) return false;
        position_ = batch->next_offset();
        if (!is_wanted(*batch, *wanted)) continue;
        read_batch(*batch, *wanted);
        if (records_) return true;
    }
    return false;
}

bool MessageReader::is_wanted(const BatchPosition& batch, int64_t from) const {
    const auto wanted = next_wanted(std::max(from, batch.base_offset));
    return wanted && *wanted <= batch.last_offset;
}

/// Leaves positioned_ false if the segment ends before the times that are wanted.
void MessageReader::seek(int64_t offset) {
    const int32_t partition = walk_.partition().index;
    positioned_ = false;
    if (bounds_.min_timestamp > INT64_MIN) {
        const auto first = table_.first_reaching(partition, offset, bounds_.min_timestamp);
        if (!first) return;
        offset = std::max(offset, *first);
    }
    table_.seek(partition, offset);
    position_ = offset;
    positioned_ = true;
}

/// Not before a record is found: there is no index of what is open, and who asks for what is new often gets nothing.
void MessageReader::look_for_open() {
    if (const auto open = open_.first_offset(partition_id())) last_offset_ = *open - 1;
    knows_open_ = true;
}

/// Leaves no records where those of the batch from that offset on are not to be seen.
void MessageReader::read_batch(const BatchPosition& batch, int64_t from) {
    const record::BatchHeader header = table_.header().value_or(record::BatchHeader{});
    if (isolation_ == Isolation::read_committed && header.is_control()) return;
    if (!knows_open_) look_for_open();
    if (!is_wanted(batch, from)) return;
    state_ = transaction_state(header);
    if (isolation_ == Isolation::read_committed && state_ == TransactionState::aborted) return;
    batch_ = batch;
    const wire::View data = table_.batch();
    if (const auto marker = record::read_marker(data))
        state_ = marker->committed ? TransactionState::committed : TransactionState::aborted;
    records_.emplace(data, max_decompressed_);
    batches_read_++;
}

TransactionState MessageReader::transaction_state(const record::BatchHeader& header) {
    using enum TransactionState;
    if (!header.is_transactional() || header.is_control()) return none;
    const auto open = open_.first_offset(partition_id(), header.producer_id);
    if (open && *open <= header.base_offset) return ongoing;
    return aborted_.hold(partition_id(), header.producer_id, header.base_offset) ? aborted : committed;
}

void MessageReader::refuse_damaged() const {
    pg::Error error("damaged record batch in topic \"" + walk_.topic().name + "\", partition " +
                        std::to_string(walk_.partition().index),
                    "XX001");
    error.detail = "The batch of offsets " + std::to_string(batch_.base_offset) + " to " +
                   std::to_string(batch_.last_offset) + " cannot be read: " + records_->failure() + ".";
    throw error;
}

} // namespace kafka::sql
