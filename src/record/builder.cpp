// Records are written uncompressed one behind the other; finish() compresses them and puts the header before
// them.
#include "record/builder.h"

#include "record/layout.h"

#include <utility>

namespace kafka::record {
namespace {

using wire::View;

void append_bytes(std::string& out, std::optional<View> bytes) {
    append_varint(out, bytes ? int64_t(bytes->size()) : -1);
    if (bytes) out.append(*bytes);
}

void append_headers(std::string& out, std::span<const Header> headers) {
    append_varint(out, int64_t(headers.size()));
    for (const Header& header : headers) {
        append_bytes(out, header.key);
        append_bytes(out, header.value);
    }
}

/// The batch of a header, to which length and CRC are added, and records that are already under its codec.
std::string assemble(BatchHeader header, View payload) {
    std::string batch(batch_header_size, '\0');
    header.batch_length = int32_t(batch_header_size - layout::length_overhead + payload.size());
    write_header(batch.data(), header);
    batch.append(payload);
    layout::store32(batch.data() + layout::crc, compute_crc(batch));
    return batch;
}

} // namespace

void BatchBuilder::add(int64_t timestamp, std::optional<View> key, std::optional<View> value,
                       std::span<const Header> headers) {
    add_at(options_.base_offset + last_offset_delta_ + 1, timestamp, key, value, headers);
}

void BatchBuilder::add_at(int64_t offset, int64_t timestamp, std::optional<View> key,
                          std::optional<View> value, std::span<const Header> headers) {
    if (count_++ == 0) base_timestamp_ = options_.delete_horizon_ms.value_or(timestamp);
    max_timestamp_ = std::max(max_timestamp_, timestamp);
    last_offset_delta_ = int32_t(offset - options_.base_offset);
    body_.assign(1, '\0'); // attributes
    append_varint(body_, int64_t(uint64_t(timestamp) - uint64_t(base_timestamp_)));
    append_varint(body_, last_offset_delta_);
    append_bytes(body_, key);
    append_bytes(body_, value);
    append_headers(body_, headers);
    append_varint(records_, int64_t(body_.size()));
    records_.append(body_);
}

BatchHeader BatchBuilder::header() const {
    BatchHeader h;
    h.base_offset = options_.base_offset;
    h.partition_leader_epoch = options_.partition_leader_epoch;
    h.attributes = int16_t(options_.codec);
    if (options_.log_append_time) h.attributes |= attribute::log_append_time;
    if (options_.transactional) h.attributes |= attribute::transactional;
    if (options_.control) h.attributes |= attribute::control;
    if (options_.delete_horizon_ms) h.attributes |= attribute::delete_horizon;
    h.last_offset_delta =
        options_.last_offset ? int32_t(*options_.last_offset - options_.base_offset) : last_offset_delta_;
    h.base_timestamp = base_timestamp_;
    h.max_timestamp = options_.log_append_time.value_or(max_timestamp_);
    h.producer_id = options_.producer_id;
    h.producer_epoch = options_.producer_epoch;
    h.base_sequence = options_.base_sequence;
    h.count = count_;
    return h;
}

std::string BatchBuilder::finish() {
    std::string batch = options_.codec == Codec::none
                            ? assemble(header(), records_)
                            : assemble(header(), compress(options_.codec, options_.level, records_));
    *this = BatchBuilder(options_);
    return batch;
}

std::string without_records(BatchHeader header) {
    header.attributes = int16_t(header.attributes & ~attribute::codec_mask);
    header.count = 0;
    return assemble(header, {});
}

std::optional<std::string> recompress(View batch, Codec codec, std::optional<int> level,
                                      size_t max_decompressed, const std::stop_token& stop) {
    std::optional<BatchHeader> header = read_header(batch);
    if (!header || !header->codec()) return std::nullopt;
    const std::optional<View> stored = stored_records(batch, *header);
    if (!stored) return std::nullopt;
    const Decompressed plain = decompress(*header->codec(), *stored, max_decompressed);
    if (plain.status != DecompressStatus::ok) return std::nullopt;
    header->attributes = int16_t((header->attributes & ~attribute::codec_mask) | int16_t(codec));
    return assemble(*header, compress(codec, level, plain.bytes.view(), stop));
}

} // namespace kafka::record
