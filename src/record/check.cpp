// The checks of a produced batch, from the outside in: framing, header, checksum, then every record.
#include "record/check.h"

#include "record/layout.h"
#include "record/raw_record.h"

namespace kafka::record {
namespace {

using wire::ErrorCode;
using wire::View;

constexpr int16_t first_produce_version_with_zstd = 7; // KIP-110
constexpr int32_t smallest_batch_length = 14; // of any format: a record of format 0 without key and value

bool refuse(Checked& checked, ErrorCode error, std::string message) {
    checked.error = error;
    checked.message = std::move(message);
    return false;
}

bool refuse_record(Checked& checked, int32_t index, const char* why) {
    checked.bad_record = index;
    return refuse(checked, ErrorCode::invalid_record, "Record " + std::to_string(index) + ": " + why);
}

/// That the bytes hold a whole batch of format 2. Sets checked.size.
bool check_framing(View records, Checked& checked) {
    constexpr const char* no_batch = "Produce requires one whole record batch for each partition";
    if (records.size() < layout::length_overhead) return refuse(checked, ErrorCode::invalid_record, no_batch);
    const auto length = int32_t(layout::load32(records.data() + layout::batch_length));
    if (length < smallest_batch_length)
        return refuse(checked, ErrorCode::corrupt_message,
                      "A record batch cannot have the length " + std::to_string(length));
    if (records.size() <= layout::magic) return refuse(checked, ErrorCode::invalid_record, no_batch);
    const auto magic = int8_t(records[layout::magic]);
    if (magic < 0 || magic > magic_v2)
        return refuse(checked, ErrorCode::corrupt_message,
                      "There is no record format with magic " + std::to_string(magic));
    checked.size = layout::length_overhead + size_t(length);
    if (checked.size > records.size()) return refuse(checked, ErrorCode::invalid_record, no_batch);
    if (magic < magic_v2)
        return refuse(checked, ErrorCode::invalid_record, "Produce takes record batches with magic 2 only");
    if (checked.size < batch_header_size)
        return refuse(checked, ErrorCode::corrupt_message, "The record batch is shorter than its header");
    return true;
}

/// What is demanded of the batch before its bytes are known to be intact.
bool check_request(View records, int16_t produce_version, Checked& checked) {
    if (produce_version < first_produce_version_with_zstd && checked.header.codec() == Codec::zstd)
        return refuse(checked, ErrorCode::unsupported_compression_type,
                      "Produce before version 7 cannot carry zstd");
    if (records.size() > checked.size)
        return refuse(checked, ErrorCode::invalid_record,
                      "Produce takes exactly one record batch for each partition, and nothing after it");
    if (checked.header.base_offset != 0)
        return refuse(checked, ErrorCode::invalid_record,
                      "The base offset of a produced batch is 0, not " +
                          std::to_string(checked.header.base_offset));
    return true;
}

bool check_intact(View batch, Checked& checked) {
    if (checked.header.crc != compute_crc(batch))
        return refuse(checked, ErrorCode::corrupt_message, "The record batch does not match its CRC");
    const std::optional<Codec> codec = checked.header.codec();
    if (!codec) return refuse(checked, ErrorCode::unknown_server_error, "There is no such compression codec");
    checked.codec = *codec;
    return true;
}

bool check_header(Checked& checked) {
    const BatchHeader& h = checked.header;
    const auto invalid = [&](std::string why) {
        return refuse(checked, ErrorCode::invalid_record, std::move(why));
    };
    if (h.last_offset_delta < 0)
        return invalid("The batch ends before its base offset: " + std::to_string(h.last_offset_delta));
    if (h.count <= 0) return invalid("The batch claims " + std::to_string(h.count) + " records");
    if (h.last_offset_delta != h.count - 1)
        return invalid("The batch claims " + std::to_string(h.count) +
                       " records but a last offset delta of " + std::to_string(h.last_offset_delta));
    if (h.is_control()) return invalid("Clients cannot write control records");
    if (h.has_producer_id() && h.base_sequence < 0)
        return invalid("The base sequence " + std::to_string(h.base_sequence) +
                       " is invalid for producer id " + std::to_string(h.producer_id));
    if (h.timestamp_type() == TimestampType::log_append_time)
        return refuse(checked, ErrorCode::invalid_timestamp,
                      "Producers cannot set the timestamp type LogAppendTime");
    return true;
}

void note_timestamp(int64_t timestamp, int32_t index, Checked& checked) {
    if (timestamp == no_timestamp) return;
    if (checked.min_timestamp == no_timestamp || timestamp < checked.min_timestamp)
        checked.min_timestamp = timestamp;
    if (timestamp <= checked.max_timestamp) return;
    checked.max_timestamp = timestamp;
    checked.max_timestamp_delta = index;
}

bool check_records(View records, Checked& checked) {
    const auto base_timestamp = uint64_t(checked.header.base_timestamp);
    Cursor in(records);
    RawRecord record;
    for (int32_t index = 0; index < checked.header.count; index++) {
        if (const char* why = read_record(in, record)) return refuse_record(checked, index, why);
        if (const char* why = read_headers(record, nullptr)) return refuse_record(checked, index, why);
        if (record.offset_delta != index)
            return refuse_record(checked, index, "its offset delta is out of order");
        if (!record.key && checked.first_null_key < 0) checked.first_null_key = index;
        note_timestamp(int64_t(base_timestamp + uint64_t(record.timestamp_delta)), index, checked);
    }
    if (in.left() > 0)
        return refuse(checked, ErrorCode::invalid_record,
                      "There are bytes after the last record of the batch");
    checked.max_timestamp_wrong = checked.max_timestamp != checked.header.max_timestamp;
    return true;
}

bool check_payload(View payload, size_t max_decompressed, Checked& checked) {
    if (checked.codec == Codec::none) return check_records(payload, checked);
    const Decompressed plain = decompress(checked.codec, payload, max_decompressed);
    checked.decompressed_size =
        plain.status == DecompressStatus::too_large ? max_decompressed : plain.bytes.view().size();
    switch (plain.status) {
    case DecompressStatus::ok:
        return check_records(plain.bytes.view(), checked);
    case DecompressStatus::bad_data:
        return refuse(checked, ErrorCode::unknown_server_error, plain.failure);
    case DecompressStatus::too_large:
        return refuse(checked, ErrorCode::message_too_large, plain.failure);
    }
    return false;
}

} // namespace

Checked check(View records, int16_t produce_version, size_t max_decompressed) {
    Checked checked;
    if (!check_framing(records, checked)) return checked;
    const View batch = records.substr(0, checked.size);
    checked.header = *read_header(batch);
    if (!check_request(records, produce_version, checked)) return checked;
    if (!check_intact(batch, checked)) return checked;
    if (!check_header(checked)) return checked;
    check_payload(batch.substr(batch_header_size), max_decompressed, checked);
    return checked;
}

} // namespace kafka::record
