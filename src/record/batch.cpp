// Reading, writing and stamping the 61 bytes of a batch's header.
#include "record/batch.h"

#include "record/crc32c.h"
#include "record/layout.h"

namespace kafka::record {
namespace {

void stamp_crc(char* batch) {
    const size_t size = layout::length_overhead + layout::load32(batch + layout::batch_length);
    layout::store32(batch + layout::crc, compute_crc({batch, size}));
}

} // namespace

int32_t BatchHeader::sequence_of(int32_t offset_delta) const {
    if (base_sequence < 0) return -1;
    return int32_t((int64_t(base_sequence) + offset_delta) & INT32_MAX);
}

std::optional<BatchHeader> read_header(wire::View bytes) {
    if (bytes.size() < layout::records || bytes[layout::magic] != magic_v2) return std::nullopt;
    const char* at = bytes.data();
    BatchHeader h;
    h.base_offset = int64_t(layout::load64(at + layout::base_offset));
    h.batch_length = int32_t(layout::load32(at + layout::batch_length));
    h.partition_leader_epoch = int32_t(layout::load32(at + layout::partition_leader_epoch));
    h.crc = layout::load32(at + layout::crc);
    h.attributes = int16_t(layout::load16(at + layout::attributes));
    h.last_offset_delta = int32_t(layout::load32(at + layout::last_offset_delta));
    h.base_timestamp = int64_t(layout::load64(at + layout::base_timestamp));
    h.max_timestamp = int64_t(layout::load64(at + layout::max_timestamp));
    h.producer_id = int64_t(layout::load64(at + layout::producer_id));
    h.producer_epoch = int16_t(layout::load16(at + layout::producer_epoch));
    h.base_sequence = int32_t(layout::load32(at + layout::base_sequence));
    h.count = int32_t(layout::load32(at + layout::count));
    return h;
}

std::optional<wire::View> stored_records(wire::View batch, const BatchHeader& header) {
    if (header.batch_length < 0) return std::nullopt;
    const size_t size = header.size_in_bytes();
    if (size < batch_header_size || size > batch.size()) return std::nullopt;
    return batch.substr(batch_header_size, size - batch_header_size);
}

void write_header(char* batch, const BatchHeader& h) {
    layout::store64(batch + layout::base_offset, uint64_t(h.base_offset));
    layout::store32(batch + layout::batch_length, uint32_t(h.batch_length));
    layout::store32(batch + layout::partition_leader_epoch, uint32_t(h.partition_leader_epoch));
    batch[layout::magic] = char(h.magic);
    layout::store32(batch + layout::crc, h.crc);
    layout::store16(batch + layout::attributes, uint16_t(h.attributes));
    layout::store32(batch + layout::last_offset_delta, uint32_t(h.last_offset_delta));
    layout::store64(batch + layout::base_timestamp, uint64_t(h.base_timestamp));
    layout::store64(batch + layout::max_timestamp, uint64_t(h.max_timestamp));
    layout::store64(batch + layout::producer_id, uint64_t(h.producer_id));
    layout::store16(batch + layout::producer_epoch, uint16_t(h.producer_epoch));
    layout::store32(batch + layout::base_sequence, uint32_t(h.base_sequence));
    layout::store32(batch + layout::count, uint32_t(h.count));
}

uint32_t compute_crc(wire::View batch) { return crc32c(batch.substr(layout::attributes)); }

void stamp(char* batch, int64_t base_offset, int32_t leader_epoch) {
    layout::store64(batch + layout::base_offset, uint64_t(base_offset));
    layout::store32(batch + layout::partition_leader_epoch, uint32_t(leader_epoch));
}

void stamp_log_append_time(char* batch, int64_t now_ms) {
    const uint16_t attributes = layout::load16(batch + layout::attributes) | attribute::log_append_time;
    layout::store16(batch + layout::attributes, attributes);
    stamp_max_timestamp(batch, now_ms);
}

void stamp_max_timestamp(char* batch, int64_t max_timestamp) {
    layout::store64(batch + layout::max_timestamp, uint64_t(max_timestamp));
    stamp_crc(batch);
}

} // namespace kafka::record
