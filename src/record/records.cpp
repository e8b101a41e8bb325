// Opening a batch (header, decompression) and stepping through its records.
#include "record/records.h"

namespace kafka::record {
namespace {

/// Adds a delta as Kafka does: wrapping around, never trapping.
int64_t plus(int64_t base, int64_t delta) { return int64_t(uint64_t(base) + uint64_t(delta)); }

} // namespace

RecordReader::RecordReader(wire::View batch, size_t max_decompressed) { open(batch, max_decompressed); }

void RecordReader::open(wire::View batch, size_t max_decompressed) {
    const std::optional<BatchHeader> header = read_header(batch);
    if (!header) {
        fail("not a record batch of format 2");
        return;
    }
    header_ = *header;
    const std::optional<Codec> codec = header_.codec();
    const std::optional<wire::View> stored = stored_records(batch, header_);
    if (!stored || !codec || header_.count < 0) {
        fail("the header of the record batch is damaged");
        return;
    }
    if (*codec == Codec::none || header_.count == 0) {
        begin(*stored);
        return;
    }
    Decompressed result = decompress(*codec, *stored, max_decompressed);
    if (result.status != DecompressStatus::ok) {
        fail(result.failure);
        return;
    }
    decompressed_ = std::move(result.bytes);
    begin(decompressed_.view());
}

void RecordReader::begin(wire::View bytes) {
    bytes_ = bytes;
    in_ = Cursor(bytes);
}

void RecordReader::go_to(Place place) {
    in_ = Cursor(bytes_.substr(bytes_.size() - place.left));
    read_ = place.number;
}

bool RecordReader::next(Record& record) {
    if (failure_ || at_end()) return false;
    if (const char* why = read_record(in_, raw_)) return fail(why);
    if (const char* why = read_headers(raw_, &record.headers)) return fail(why);
    read_++;
    record.offset = plus(header_.base_offset, raw_.offset_delta);
    record.timestamp = header_.timestamp_type() == TimestampType::log_append_time
                           ? header_.max_timestamp
                           : plus(header_.base_timestamp, raw_.timestamp_delta);
    record.sequence = header_.sequence_of(raw_.offset_delta);
    record.key = raw_.key;
    record.value = raw_.value;
    return true;
}

bool RecordReader::fail(const char* why) {
    failure_ = why;
    return false;
}

bool RecordReader::at_end() {
    if (read_ < header_.count) return false;
    if (in_.left() > 0 && header_.count > 0) fail("there are bytes after the last record of the batch");
    return true;
}

} // namespace kafka::record
