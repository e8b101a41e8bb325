// See message_reader.h.
#include "sql/message_reader.h"

#include "pg/error.h"
#include "record/batch.h"

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
            if (!bounds_.offsets.contains(row.record.offset)) continue;
            row.topic = &walk_.topic().name;
            row.partition = walk_.partition().index;
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
    next_segment_ = 0;
    return true;
}

/// Opens the next segment of this partition that can hold wanted records.
bool MessageReader::next_segment() {
    if (next_segment_ == SIZE_MAX) return false; // the walk is at no partition
    const auto& segments = walk_.topic().segments;
    const int32_t partition = walk_.partition().index;
    const auto wanted = bounds_.offsets.next(position_);
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
    while (const auto wanted = bounds_.offsets.next(position_)) {
        if (!positioned_ || *wanted > position_) seek(*wanted);
        if (!positioned_) return false;
        const auto batch = table_.next();
        if (!batch) return false;
        position_ = batch->next_offset();
        if (!is_wanted(*batch, *wanted)) continue;
        read_batch(*batch);
        if (records_) return true;
    }
    return false;
}

bool MessageReader::is_wanted(const BatchPosition& batch, int64_t from) const {
    const auto wanted = bounds_.offsets.next(std::max(from, batch.base_offset));
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

/// Leaves no records where the batch holds only marks of transactions.
void MessageReader::read_batch(const BatchPosition& batch) {
    const wire::View data = table_.batch();
    const auto header = record::read_header(data);
    if (header && header->is_control()) return;
    batch_ = batch;
    records_.emplace(data, max_decompressed_);
    batches_read_++;
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
