// Where the fields of a record batch v2 lie, and how integers are stored in it: big-endian, at any alignment.
// Internal to record/. Pure; runs on whichever thread calls.
//
// Every function here trusts its pointer: callers have compared lengths before.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace kafka::record::layout {

constexpr size_t base_offset = 0;
constexpr size_t batch_length = 8;
constexpr size_t partition_leader_epoch = 12;
constexpr size_t magic = 16;
constexpr size_t crc = 17;
constexpr size_t attributes = 21; ///< the CRC covers everything from here on
constexpr size_t last_offset_delta = 23;
constexpr size_t base_timestamp = 27;
constexpr size_t max_timestamp = 35;
constexpr size_t producer_id = 43;
constexpr size_t producer_epoch = 51;
constexpr size_t base_sequence = 53;
constexpr size_t count = 57;
constexpr size_t records = 61; ///< size of the header

constexpr size_t length_overhead = 12; ///< batch_length does not count itself nor what is before it

static_assert(std::endian::native == std::endian::little,
              "the byte swaps below are for little-endian machines");

inline uint16_t load16(const char* at) {
    uint16_t x;
    std::memcpy(&x, at, sizeof x);
    return __builtin_bswap16(x);
}

inline uint32_t load32(const char* at) {
    uint32_t x;
    std::memcpy(&x, at, sizeof x);
    return __builtin_bswap32(x);
}

inline uint64_t load64(const char* at) {
    uint64_t x;
    std::memcpy(&x, at, sizeof x);
    return __builtin_bswap64(x);
}

inline void store16(char* at, uint16_t x) {
    x = __builtin_bswap16(x);
    std::memcpy(at, &x, sizeof x);
}

inline void store32(char* at, uint32_t x) {
    x = __builtin_bswap32(x);
    std::memcpy(at, &x, sizeof x);
}

inline void store64(char* at, uint64_t x) {
    x = __builtin_bswap64(x);
    std::memcpy(at, &x, sizeof x);
}

} // namespace kafka::record::layout
