// Making record batches v2: from SQL's records, for control markers, in compaction, and again under another
// codec. Pure; runs on whichever thread calls.
#pragma once
#include "record/batch.h"
#include "record/records.h"
#include "wire/bytes.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace kafka::record {

/// What a batch says besides its records.
struct BatchOptions {
    Codec codec = Codec::none;
    std::optional<int> level = std::nullopt; ///< of the codec; nothing: its default
    int64_t base_offset = 0;
    int32_t partition_leader_epoch = -1;
    int64_t producer_id = -1;
    int16_t producer_epoch = -1;
    int32_t base_sequence = -1;
    bool transactional = false;
    bool control = false;
    std::optional<int64_t> log_append_time =
        std::nullopt; ///< ms: the batch is LogAppendTime with this timestamp
    std::optional<int64_t> delete_horizon_ms =
        std::nullopt;                                  ///< KIP-534: takes the place of the base timestamp
    std::optional<int64_t> last_offset = std::nullopt; ///< where it lies beyond the last record (compaction)
};

/// Collects records and makes one batch of them.
class BatchBuilder {
public:
    explicit BatchBuilder(const BatchOptions& options) : options_(options) {}

    /// Adds a record at the next offset: one after the record before it, the first one at the base offset.
    void add(int64_t timestamp, std::optional<wire::View> key, std::optional<wire::View> value,
             std::span<const Header> headers = {});
    /// Adds a record at an offset of its own: not below the base offset, at most 2^31 - 1 above it.
    void add_at(int64_t offset, int64_t timestamp, std::optional<wire::View> key,
                std::optional<wire::View> value, std::span<const Header> headers = {});

    int32_t count() const { return count_; }
    /// Bytes of the batch as it is now, without compression.
    size_t uncompressed_size() const { return batch_header_size + records_.size(); }

    /// The batch. The builder is then empty, with the same options.
    std::string finish();

private:
    BatchHeader header() const;

    BatchOptions options_;
    std::string records_, body_; ///< the records so far; room for the next one
    int32_t count_ = 0;
    int32_t last_offset_delta_ = -1;
    int64_t base_timestamp_ = no_timestamp, max_timestamp_ = no_timestamp;
};

/// The batch of this header without any record: what remains of one that only tells what its producer has sent.
std::string without_records(BatchHeader header);

/// The same batch under another codec; all header fields but the codec, length and CRC are kept. Nothing if
/// it is not a batch, or does not decompress to at most `max_decompressed` bytes. Throws Stopped as compress() does.
std::optional<std::string> recompress(wire::View batch, Codec codec, std::optional<int> level,
                                      size_t max_decompressed, const std::stop_token& stop = {});

} // namespace kafka::record
