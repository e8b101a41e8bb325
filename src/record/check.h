// What the broker demands of a batch before it appends it. check() knows no topic and runs on the net thread;
// violates() adds the topic's policies, from the summary that check() made, on the main thread.
//
// The order of the checks and their error codes are Kafka's. Where Kafka would store what no consumer can
// read in order (offset deltas with gaps in an uncompressed batch, bytes after the batch), and where a
// producer claims LogAppendTime, we refuse.
#pragma once
#include "record/batch.h"
#include "wire/bytes.h"
#include "wire/errors.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kafka::record {

/// The answer to one partition of a Produce request, so far, and the summary of its batch.
struct Checked {
    wire::ErrorCode error = wire::ErrorCode::none;
    std::string message;     ///< what is wrong, for Produce's error_message; empty if nothing is
    int32_t bad_record = -1; ///< index of the record that is damaged; -1: the fault is not in one record

    // The rest is meaningful only with error none.
    BatchHeader header;
    Codec codec = Codec::none;
    size_t size = 0;              ///< of the batch in bytes, header included
    size_t decompressed_size = 0; ///< of its records, as far as they were decompressed; also with an error
    int64_t max_timestamp = no_timestamp; ///< largest of the records' timestamps, not what the header claims
    int64_t min_timestamp = no_timestamp; ///< smallest, records without timestamp left aside
    int32_t max_timestamp_delta = 0;      ///< offset delta of the first record with max_timestamp
    int32_t first_null_key = -1;          ///< index of the first record without key; -1: there is none
    bool max_timestamp_wrong = false;     ///< header.max_timestamp is to be stamped (see stamp_max_timestamp)
};

/// Checks the records of one partition of a Produce request: exactly one batch of format 2, intact, with
/// records that are what the header says. `max_decompressed` bounds what they may decompress to, in bytes.
///
/// Errors: INVALID_RECORD, CORRUPT_MESSAGE, UNSUPPORTED_COMPRESSION_TYPE (zstd before Produce v7, KIP-110),
/// INVALID_TIMESTAMP, MESSAGE_TOO_LARGE (past max_decompressed), and UNKNOWN_SERVER_ERROR for data that do
/// not decompress, as Kafka answers.
Checked check(wire::View records, int16_t produce_version, size_t max_decompressed);

/// The policies of a topic, as its configs of the same names say.
struct Limits {
    int64_t max_message_bytes = 0;       ///< largest batch, compressed
    int64_t segment_bytes = 0;           ///< no batch may be larger than a segment
    int64_t timestamp_before_max_ms = 0; ///< how far a CreateTime may lie before now
    int64_t timestamp_after_max_ms = 0;  ///< and after now
    int64_t now_ms = 0;                  ///< wall clock, ms since 1970
    bool compacted = false;              ///< cleanup.policy contains compact: every record needs a key
    bool log_append_time = false;        ///< message.timestamp.type: the producer's timestamps do not matter
};

/// One entry of Produce's record_errors (KIP-467).
struct RecordError {
    int32_t index; ///< of the record in its batch
    std::string message;
};

struct Violation {
    wire::ErrorCode error;
    std::string message;
    std::vector<RecordError> records; ///< at most max_record_errors, the first ones
};

constexpr size_t max_record_errors = 1000;

/// How a batch that passed check() breaks the topic's policies, if it does: MESSAGE_TOO_LARGE,
/// INVALID_TIMESTAMP, INVALID_RECORD (no key in a compacted topic), RECORD_LIST_TOO_LARGE. `batch` is what is
/// to be stored: the bytes that were checked, or the same recompressed. Its size counts too; its records are
/// read again only to name those at fault, and only up to 1 MiB of them.
std::optional<Violation> violates(const Checked& checked, const Limits& limits, wire::View batch);

} // namespace kafka::record
