// See message_reader.h.
#include "sql/message_reader.h"

#include "pg/error.h"
#include "record/marker.h"

#include <string>

namespace kafka::sql {

void MessageReader::restart(Bounds bounds) {
    close();
    bounds_ = std::move(bounds);
    partitions_.restart(bounds_, backward_);
    in_partition_ = false;
}

void MessageReader::close() {
    records_.reset();
    batches_.close();
}

bool MessageReader::next(Row& row) {
    for (;;) {
        while (next_record(row.record)) {
            if (!is_wanted(row.record)) continue;
            row.topic = &partitions_.topic().name;
            row.partition = partitions_.partition().index;
            const record::BatchHeader& header = records_->header();
            row.producer_id = header.producer_id;
            row.producer_epoch = header.producer_epoch;
            row.control = header.is_control();
            row.transaction_state = state_;
            return true;
        }
        if (!next_batch()) return false;
    }
}

bool MessageReader::is_wanted(const record::Record& record) const {
    return record.offset >= partitions_.partition().log_start_offset && record.offset <= last_offset_ &&
           bounds_.offsets.contains(record.offset) && bounds_.want_key(record.key);
}

bool MessageReader::next_record(record::Record& record) {
    if (!records_) return false;
    if (backward_ && !places_.empty()) {
        records_->go_to(places_.back());
        places_.pop_back();
        return records_->next(record);
    }
    if (!backward_ && records_->next(record)) return true;
    check_records();
    records_.reset();
    return false;
}

bool MessageReader::next_batch() {
    for (;;) {
        while (in_partition_) {
            const auto batch = batches_.next();
            if (!batch) break;
            read_batch(*batch);
            if (records_) return true;
        }
        if (!next_partition()) return false;
    }
}

bool MessageReader::next_partition() {
    in_partition_ = partitions_.next();
    if (!in_partition_) return false;
    batches_.restart(partitions_.topic(), partitions_.partition(), bounds_, backward_);
    last_offset_ = INT64_MAX;
    knows_open_ = isolation_ == Isolation::none;
    return true;
}

txn::PartitionId MessageReader::partition_id() const {
    return {partitions_.topic().id, partitions_.partition().index};
}

/// Not before a record is found: there is no index of what is open, and who asks for what is new often gets nothing.
void MessageReader::look_for_open() {
    if (const auto open = open_.first_offset(partition_id())) {
        last_offset_ = *open - 1;
        batches_.end_before(*open);
    }
    knows_open_ = true;
}

/// Leaves no records where those of the batch are not to be seen.
void MessageReader::read_batch(const BatchPosition& batch) {
    SegmentTable& table = batches_.table();
    const record::BatchHeader header = table.header().value_or(record::BatchHeader{});
    if (isolation_ == Isolation::read_committed && header.is_control()) return;
    if (!knows_open_) look_for_open();
    if (batch.base_offset > last_offset_) return;
    state_ = transaction_state(header);
    if (isolation_ == Isolation::read_committed && state_ == TransactionState::aborted) return;
    batch_ = batch;
    const wire::View data = table.batch();
    if (const auto marker = record::read_marker(data))
        state_ = marker->committed ? TransactionState::committed : TransactionState::aborted;
    records_.emplace(data, max_decompressed_);
    batches_read_++;
    if (backward_) note_places();
}

/// A batch can be read from its first record on only.
void MessageReader::note_places() {
    record::Record record;
    places_.clear();
    do places_.push_back(records_->place());
    while (records_->next(record));
    places_.pop_back();
    check_records();
}

TransactionState MessageReader::transaction_state(const record::BatchHeader& header) {
    using enum TransactionState;
    if (!header.is_transactional() || header.is_control()) return none;
    const auto open = open_.first_offset(partition_id(), header.producer_id);
    if (open && *open <= header.base_offset) return ongoing;
    return aborted_.hold(partition_id(), header.producer_id, header.base_offset) ? aborted : committed;
}

/// Refuses a batch that turned out to be damaged.
void MessageReader::check_records() const {
    if (records_->ok()) return;
    pg::Error error("damaged record batch in topic \"" + partitions_.topic().name + "\", partition " +
                        std::to_string(partitions_.partition().index),
                    "XX001");
    error.detail = "The batch of offsets " + std::to_string(batch_.base_offset) + " to " +
                   std::to_string(batch_.last_offset) + " cannot be read: " + records_->failure() + ".";
    throw error;
}

} // namespace kafka::sql
