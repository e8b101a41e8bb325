// The compression codecs of record batches: gzip, snappy, lz4 and zstd in the forms that Kafka's clients
// write and read. Pure; runs on whichever thread calls, mostly the net thread.
//
// Input is never believed: the output is bounded by the caller and memory grows only as bytes really come
// out.
#pragma once
#include "record/buffer.h"
#include "wire/bytes.h"

#include <cstdint>
#include <exception>
#include <optional>
#include <stop_token>
#include <string>

namespace kafka::record {

/// Values are the ids in a batch's attributes.
enum class Codec : uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

/// The codec with this id in a batch's attributes; nothing if there is none.
std::optional<Codec> codec_of(int id);

/// The codec by its name in the topic config compression.type ("none" and "uncompressed" are the same);
/// nothing for "producer" and all other names.
std::optional<Codec> codec_named(std::string_view name);

const char* name(Codec codec);

/// Thrown where work was given up because nobody wants it any more.
struct Stopped : std::exception {};

enum class DecompressStatus : uint8_t { ok, bad_data, too_large };

struct Decompressed {
    DecompressStatus status = DecompressStatus::ok;
    const char* failure = ""; ///< what is wrong with the data, for a person
    Buffer bytes;             ///< only with status ok
};

/// Undoes `codec`; the result may have up to `max_size` bytes. Refused besides damaged data: bytes after the
/// end of the compressed stream, lz4 frames with linked blocks (Kafka's Java clients cannot read them) and
/// zstd windows above 128 MiB (their limit too). Several gzip members and several zstd frames in a row are
/// accepted, as Java does.
Decompressed decompress(Codec codec, wire::View compressed, size_t max_size);

/// Compresses as Kafka's Java producer does: snappy in the framing of snappy-java, lz4 as a frame of
/// independent 64 KiB blocks. `level` is the topic's compression.<codec>.level, brought into the codec's
/// range; nothing is its default. Some levels take minutes for what a request may hold: throws Stopped soon after `stop` asks for it.
std::string compress(Codec codec, std::optional<int> level, wire::View bytes,
                     const std::stop_token& stop = {});

} // namespace kafka::record
