// One record as it lies in a batch, before its deltas are added to the batch's base values. What check() and
// RecordReader have in common. Internal to record/. Pure.
#pragma once
#include "record/cursor.h"
#include "wire/bytes.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace kafka::record {

/// One header of a record (KIP-82). Names may repeat; their order counts.
struct Header {
    wire::View key;
    std::optional<wire::View> value;
};

struct RawRecord {
    int64_t timestamp_delta = 0;
    int32_t offset_delta = 0;
    std::optional<wire::View> key, value;
    int32_t header_count = 0;
    wire::View headers; ///< not looked at yet: see read_headers()
};

/// Takes one record off the front. Returns what is wrong with it, or null.
const char* read_record(Cursor& in, RawRecord& record);

/// Walks over the headers, which must use up the record's bytes exactly, and puts them in place of what
/// `into` held; null only checks. Returns what is wrong with them, or null.
const char* read_headers(const RawRecord& record, std::vector<Header>* into);

} // namespace kafka::record
