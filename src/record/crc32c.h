// CRC-32C (Castagnoli), the checksum of record batches v2. Pure; runs on whichever thread calls, mostly the
// net thread.
#pragma once
#include "wire/bytes.h"

#include <cstdint>

namespace kafka::record {

/// CRC-32C of the bytes, by the processor's own instruction where it has one.
uint32_t crc32c(wire::View bytes);

/// The same by tables alone: for processors without the instruction, and for tests to compare with.
uint32_t crc32c_by_table(wire::View bytes);

/// True where crc32c() uses the processor's instruction (SSE4.2, or the CRC extension of ARMv8).
bool crc32c_is_in_hardware();

} // namespace kafka::record
