// Batches for the tests of record/: made field by field, so that every field can also be wrong.
#pragma once
#include "record/batch.h"
#include "record/cursor.h"
#include "record/layout.h"
#include "wire/bytes.h"

#include <cstdint>
#include <optional>
#include <random>
#include <string>

namespace samples {

using kafka::record::BatchHeader;
using kafka::wire::View;

constexpr size_t enough = 16 << 20;              ///< bound of decompression where the test is not about it
constexpr int64_t some_time = 1'700'000'000'000; ///< ms since 1970
constexpr int16_t current_produce_version = 13;

/// Puts length and CRC right.
inline std::string sealed(std::string batch) {
    using namespace kafka::record;
    layout::store32(batch.data() + layout::batch_length, uint32_t(batch.size() - layout::length_overhead));
    layout::store32(batch.data() + layout::crc, compute_crc(batch));
    return batch;
}

/// A batch of this header and these records (stored bytes), with the right length and CRC.
inline std::string batch(const BatchHeader& header, View records) {
    std::string bytes(kafka::record::batch_header_size, '\0');
    kafka::record::write_header(bytes.data(), header);
    return sealed(bytes.append(records));
}

/// A header as a producer sends it.
inline BatchHeader header(int32_t count, kafka::record::Codec codec = kafka::record::Codec::none) {
    BatchHeader h;
    h.count = count;
    h.last_offset_delta = int32_t(int64_t(count) - 1);
    h.attributes = int16_t(codec);
    h.base_timestamp = h.max_timestamp = some_time;
    return h;
}

/// A record of these fields behind its length, with `headers` as stored: their count first.
inline std::string record(int32_t offset_delta, int64_t timestamp_delta = 0, std::optional<View> key = "k",
                          std::optional<View> value = "v", View headers = View("\0", 1)) {
    using kafka::record::append_varint;
    std::string body(1, '\0');
    append_varint(body, timestamp_delta);
    append_varint(body, offset_delta);
    for (const auto& bytes : {key, value}) {
        append_varint(body, bytes ? int64_t(bytes->size()) : -1);
        if (bytes) body.append(*bytes);
    }
    body.append(headers);
    std::string out;
    append_varint(out, int64_t(body.size()));
    return out + body;
}

/// Records 0 to count - 1, stored uncompressed.
inline std::string records(int32_t count, size_t value_size = 1) {
    std::string out;
    for (int32_t i = 0; i < count; i++) out += record(i, 0, "k", std::string(value_size, 'v'));
    return out;
}

inline std::string varint(int64_t value) {
    std::string out;
    kafka::record::append_varint(out, value);
    return out;
}

/// Bytes that do not compress.
inline std::string noise(size_t size) {
    std::mt19937_64 random(size);
    std::string out(size, '\0');
    for (char& byte : out) byte = char(random());
    return out;
}

} // namespace samples
