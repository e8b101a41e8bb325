// The framing that snappy-java puts around snappy blocks, which Kafka's clients write: a header of 16 bytes
// (magic, version, oldest compatible version), then blocks, each behind its length. Internal to record/.
// Pure.
#pragma once
#include "wire/bytes.h"

#include <cstdint>

namespace kafka::record::xerial {

constexpr wire::View magic{"\x82SNAPPY\0", 8};
constexpr size_t header_size = 16;
constexpr int32_t version = 1;           ///< both of the framing and of the oldest that can read it
constexpr size_t block_size = 32 * 1024; ///< of uncompressed bytes, as snappy-java cuts them

} // namespace kafka::record::xerial
