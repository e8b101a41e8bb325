// The records of a stored batch, one after another: for SQL, for ListOffsets by time, for compaction. Pure;
// runs on whichever thread calls.
#pragma once
#include "record/batch.h"
#include "record/raw_record.h"
#include "wire/bytes.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace kafka::record {

/// One record with its absolute values. The views live as long as the batch and the RecordReader.
struct Record {
    int64_t offset = 0;
    int64_t timestamp = no_timestamp; ///< ms since 1970; -1: none. With LogAppendTime that of the batch
    int32_t sequence = -1;            ///< of the idempotent producer; -1: none
    std::optional<wire::View> key, value;
    std::vector<Header> headers;
};

/// Iterates over one batch. Reuse one Record for all calls of next(): it keeps its memory.
///
/// The batch may be any bytes: nothing is believed that they do not bear out. The CRC is not compared:
/// batches are checked when they are produced (see check.h), and Postgres guards its pages.
class RecordReader {
public:
    /// `batch` is one whole batch (bytes after it are not looked at); its records may have up to
    /// `max_decompressed` bytes once decompressed.
    RecordReader(wire::View batch, size_t max_decompressed);

    /// Reads the next record. False at the end of the batch and when it is damaged: see ok().
    bool next(Record& record);

    /// Where a record begins.
    struct Place {
        uint32_t left = 0;  ///< bytes from there to the end of the batch
        int32_t number = 0; ///< records before it
    };
    /// Of the record that next() will give.
    Place place() const { return {uint32_t(in_.left()), read_}; }
    /// next() will give the record there, a place that next() has been at in this batch.
    void go_to(Place place);

    bool ok() const { return failure_ == nullptr; }
    /// What is wrong with the batch, for a person; empty while it is ok().
    const char* failure() const { return failure_ ? failure_ : ""; }
    /// Bytes that were decompressed; 0 for a batch that is not compressed.
    size_t decompressed_bytes() const { return decompressed_.size(); }
    /// The batch's header; all defaults if there is none.
    const BatchHeader& header() const { return header_; }

private:
    void open(wire::View batch, size_t max_decompressed);
    void begin(wire::View bytes);
    bool fail(const char* why);
    bool at_end();

    BatchHeader header_;
    Buffer decompressed_;
    wire::View bytes_; ///< of all records
    Cursor in_;        ///< in bytes_
    RawRecord raw_;
    int32_t read_ = 0;
    const char* failure_ = nullptr;
};

} // namespace kafka::record
