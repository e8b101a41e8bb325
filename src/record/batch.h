// The header of a record batch v2 (magic 2, KIP-98), and the few of its fields that the broker sets in place
// before it stores a batch. Pure: read on the net thread, stamped on the main thread.
//
// Words: a batch is a header of 61 bytes and its records, which may be compressed together. A record's offset
// and timestamp are stored as deltas to the header's base values. To stamp is to overwrite a field in the
// received bytes.
#pragma once
#include "record/compression.h"
#include "wire/bytes.h"

#include <cstdint>
#include <optional>

namespace kafka::record {

/// What the timestamps of a batch say: when the producer made the record, or when the broker appended it.
enum class TimestampType : uint8_t { create_time = 0, log_append_time = 1 };

constexpr int8_t magic_v2 = 2;
constexpr int64_t no_timestamp = -1;
constexpr size_t batch_header_size = 61;

/// Bits of `attributes`.
namespace attribute {
constexpr int16_t codec_mask = 0x07;
constexpr int16_t log_append_time = 0x08;
constexpr int16_t transactional = 0x10;
constexpr int16_t control = 0x20;
constexpr int16_t delete_horizon = 0x40; ///< KIP-534: base_timestamp is the time when tombstones may go
} // namespace attribute

/// The header's fields, as stored.
struct BatchHeader {
    int64_t base_offset = 0;
    int32_t batch_length = 0; ///< bytes that follow this field
    int32_t partition_leader_epoch = -1;
    int8_t magic = magic_v2;
    uint32_t crc = 0; ///< CRC-32C of everything from `attributes` on
    int16_t attributes = 0;
    int32_t last_offset_delta = 0;
    int64_t base_timestamp = no_timestamp; ///< ms since 1970; -1: none
    int64_t max_timestamp = no_timestamp;  ///< ms since 1970; -1: none
    int64_t producer_id = -1;              ///< -1: the producer is not idempotent
    int16_t producer_epoch = -1;
    int32_t base_sequence = -1;
    int32_t count = 0; ///< of records; compaction may leave none

    /// How the records are compressed; nothing if the id is not one of Kafka's (5 to 7).
    std::optional<Codec> codec() const { return codec_of(attributes & attribute::codec_mask); }
    bool is_transactional() const { return attributes & attribute::transactional; }
    bool is_control() const { return attributes & attribute::control; }
    bool has_delete_horizon() const { return attributes & attribute::delete_horizon; }
    bool has_producer_id() const { return producer_id > -1; }
    TimestampType timestamp_type() const {
        return attributes & attribute::log_append_time ? TimestampType::log_append_time
                                                       : TimestampType::create_time;
    }
    /// Bytes of the whole batch. Meaningful only where batch_length is not negative.
    size_t size_in_bytes() const { return size_t(12) + size_t(batch_length); }
    int64_t last_offset() const {
        return int64_t(uint64_t(base_offset) + uint64_t(int64_t(last_offset_delta)));
    }
    /// Sequence of the record at this offset delta; sequences wrap from 2147483647 to 0. -1 without a base
    /// sequence.
    int32_t sequence_of(int32_t offset_delta) const;
    int32_t last_sequence() const { return sequence_of(last_offset_delta); }
};

/// The header at the front of `bytes`; nothing if there are fewer than 61 bytes or the magic is not 2.
/// Neither the length nor the CRC is compared with the bytes that follow.
std::optional<BatchHeader> read_header(wire::View bytes);

/// The records of a whole batch with this header, as they are stored, maybe compressed; bytes after the batch
/// are left out. Nothing if the batch is not whole or shorter than its header.
std::optional<wire::View> stored_records(wire::View batch, const BatchHeader& header);

/// Writes all fields, `crc` as it is in `header`, to the 61 bytes at `batch`.
void write_header(char* batch, const BatchHeader& header);

/// CRC-32C over attributes and all that follows. `batch` is one whole batch of at least 61 bytes.
uint32_t compute_crc(wire::View batch);

/// Sets base offset and leader epoch, which the CRC does not cover.
void stamp(char* batch, int64_t base_offset, int32_t leader_epoch);

/// Makes the batch one of a LogAppendTime topic: attribute bit, max_timestamp and CRC. The records' deltas
/// stay as they are. The batch must have passed check(): its length is believed.
void stamp_log_append_time(char* batch, int64_t now_ms);

/// Puts right a max_timestamp that is not the records' largest timestamp, and the CRC. The batch must have
/// passed check().
void stamp_max_timestamp(char* batch, int64_t max_timestamp);

} // namespace kafka::record
