// Two ways to the same number: eight tables that take eight bytes a step, and the processor's instruction.
// The instruction takes eight bytes too, with a latency of three cycles but one issued in each: so a block is
// read as three stripes side by side, and the three results are joined by "shifting" a CRC over the length of
// a stripe, which is a multiplication of polynomials over GF(2) modulo the CRC's own and thus linear in its
// bits: four table look-ups.
//
// All tables are made by the compiler; nothing runs before main.
#include "record/crc32c.h"

#include "record/layout.h"

#include <array>

#if defined(__x86_64__)
#include <nmmintrin.h>
#define CRC32C_HARDWARE 1
#define CRC32C_TARGET __attribute__((target("sse4.2")))
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#define CRC32C_HARDWARE 1
#define CRC32C_TARGET
#endif

namespace kafka::record {
namespace {

using Table = std::array<uint32_t, 256>;

constexpr uint32_t polynomial = 0x82F63B78; // bit 31 stands for x^0, bit 0 for x^31

uint64_t load_little(const char* at) { return __builtin_bswap64(layout::load64(at)); }

constexpr std::array<Table, 8> make_byte_tables() {
    std::array<Table, 8> tables{};
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ polynomial : crc >> 1;
        tables[0][byte] = crc;
    }
    for (size_t k = 1; k < 8; k++)
        for (size_t byte = 0; byte < 256; byte++) {
            const uint32_t shorter = tables[k - 1][byte];
            tables[k][byte] = shorter >> 8 ^ tables[0][shorter & 0xff];
        }
    return tables;
}

constexpr std::array<Table, 8> byte_tables = make_byte_tables();

uint32_t by_table(uint32_t crc, const char* at, size_t size) {
    const auto& t = byte_tables;
    for (; size >= 8; at += 8, size -= 8) {
        const uint64_t x = load_little(at) ^ crc;
        crc = t[7][x & 0xff] ^ t[6][x >> 8 & 0xff] ^ t[5][x >> 16 & 0xff] ^ t[4][x >> 24 & 0xff] ^
              t[3][x >> 32 & 0xff] ^ t[2][x >> 40 & 0xff] ^ t[1][x >> 48 & 0xff] ^ t[0][x >> 56];
    }
    for (; size > 0; at++, size--) crc = crc >> 8 ^ t[0][(crc ^ uint8_t(*at)) & 0xff];
    return crc;
}

#if CRC32C_HARDWARE

/// A CRC moved over as many zero bytes as the stripe it was made for has: one table for each of its four
/// bytes.
struct Shift {
    std::array<Table, 4> tables;
    uint32_t operator()(uint32_t crc) const {
        return tables[0][crc & 0xff] ^ tables[1][crc >> 8 & 0xff] ^ tables[2][crc >> 16 & 0xff] ^
               tables[3][crc >> 24];
    }
};

constexpr uint32_t times_x(uint32_t a) { return a & 1 ? a >> 1 ^ polynomial : a >> 1; }

constexpr uint32_t multiply(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (uint32_t term = 1u << 31; term != 0; term >>= 1, a = times_x(a))
        if (b & term) product ^= a;
    return product;
}

/// The shift over a stripe of this many bytes: a power of two.
constexpr Shift make_shift(size_t bytes) {
    uint32_t over_stripe = 1u << 23; // x^8: over one byte
    for (; bytes > 1; bytes /= 2) over_stripe = multiply(over_stripe, over_stripe);
    Shift shift{};
    for (size_t k = 0; k < 4; k++)
        for (uint32_t byte = 1; byte < 256; byte++) {
            const uint32_t lowest = byte & -byte;
            shift.tables[k][byte] = byte == lowest ? multiply(byte << 8 * k, over_stripe)
                                                   : shift.tables[k][lowest] ^ shift.tables[k][byte ^ lowest];
        }
    return shift;
}

constexpr size_t long_stripe = 1024, short_stripe = 128;
constexpr Shift over_long_stripe = make_shift(long_stripe), over_short_stripe = make_shift(short_stripe);

#if defined(__x86_64__)
CRC32C_TARGET inline uint32_t step8(uint32_t crc, uint64_t word) {
    return uint32_t(_mm_crc32_u64(crc, word));
}
CRC32C_TARGET inline uint32_t step1(uint32_t crc, uint8_t byte) { return _mm_crc32_u8(crc, byte); }
bool has_instruction() { return __builtin_cpu_supports("sse4.2"); }
#else
inline uint32_t step8(uint32_t crc, uint64_t word) {
    asm(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(crc) : "r"(word));
    return crc;
}
inline uint32_t step1(uint32_t crc, uint8_t byte) {
    asm(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1" : "+r"(crc) : "r"(uint32_t(byte)));
    return crc;
}
bool has_instruction() { return getauxval(AT_HWCAP) & HWCAP_CRC32; }
#endif

/// Takes blocks of three stripes off the front as long as there are any.
CRC32C_TARGET uint32_t by_stripes(uint32_t crc, const char*& at, size_t& size, size_t stripe,
                                  const Shift& shift) {
    for (; size >= 3 * stripe; at += 3 * stripe, size -= 3 * stripe) {
        uint32_t second = 0, third = 0;
        for (const char *p = at, *end = at + stripe; p < end; p += 8) {
            crc = step8(crc, load_little(p));
            second = step8(second, load_little(p + stripe));
            third = step8(third, load_little(p + 2 * stripe));
        }
        crc = shift(shift(crc) ^ second) ^ third;
    }
    return crc;
}

CRC32C_TARGET uint32_t by_instruction(uint32_t crc, const char* at, size_t size) {
    crc = by_stripes(crc, at, size, long_stripe, over_long_stripe);
    crc = by_stripes(crc, at, size, short_stripe, over_short_stripe);
    for (; size >= 8; at += 8, size -= 8) crc = step8(crc, load_little(at));
    for (; size > 0; at++, size--) crc = step1(crc, uint8_t(*at));
    return crc;
}

#else

bool has_instruction() { return false; }
uint32_t by_instruction(uint32_t crc, const char* at, size_t size) { return by_table(crc, at, size); }

#endif

} // namespace

uint32_t crc32c(wire::View bytes) {
    return has_instruction() ? ~by_instruction(~0u, bytes.data(), bytes.size()) : crc32c_by_table(bytes);
}

uint32_t crc32c_by_table(wire::View bytes) { return ~by_table(~0u, bytes.data(), bytes.size()); }

bool crc32c_is_in_hardware() { return has_instruction(); }

} // namespace kafka::record
