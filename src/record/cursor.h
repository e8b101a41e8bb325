// A place in the bytes of records, and the variable-length integers found there: 7 bits a byte, lowest first,
// zigzag for the sign. Internal to record/. Pure; on the hottest path of Produce.
#pragma once
#include "wire/bytes.h"

#include <cstdint>
#include <optional>

namespace kafka::record {

/// Reads forward and fails softly: after the first overrun ok() is false and everything read is zero or null.
class Cursor {
public:
    Cursor() = default;
    explicit Cursor(wire::View bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    bool ok() const { return ok_; }
    size_t left() const { return size_t(end_ - at_); }

    /// The next bytes; fails if there are not that many.
    wire::View take(size_t size) {
        if (size > left()) return fail();
        const wire::View taken(at_, size);
        at_ += size;
        return taken;
    }

    /// At most 5 bytes; bits beyond the 32nd are dropped, as Kafka does.
    int32_t varint() {
        const uint32_t raw = uint32_t(unsigned_varint(5));
        return int32_t(raw >> 1 ^ (0 - (raw & 1)));
    }

    /// At most 10 bytes.
    int64_t varlong() {
        const uint64_t raw = unsigned_varint(10);
        return int64_t(raw >> 1 ^ (0 - (raw & 1)));
    }

    /// A length and as many bytes; a negative length is null.
    std::optional<wire::View> nullable_bytes() {
        const int32_t size = varint();
        if (size < 0) return std::nullopt;
        return take(size_t(size));
    }

private:
    wire::View fail() {
        ok_ = false;
        at_ = end_;
        return {};
    }

    uint64_t unsigned_varint(int max_bytes) {
        if (at_ < end_ && !(*at_ & 0x80)) return uint64_t(*at_++);
        return long_varint(max_bytes);
    }

    uint64_t long_varint(int max_bytes) {
        uint64_t x = 0;
        for (int i = 0; i < max_bytes && at_ < end_; i++) {
            const auto byte = uint8_t(*at_++);
            x |= uint64_t(byte & 0x7f) << 7 * i;
            if (!(byte & 0x80)) return x;
        }
        fail();
        return 0;
    }

    const char* at_ = nullptr;
    const char* end_ = nullptr;
    bool ok_ = true;
};

/// Appends a zigzag varint; an int32 takes at most 5 bytes, so it serves both sizes.
inline void append_varint(std::string& out, int64_t value) {
    uint64_t x = uint64_t(value) << 1 ^ uint64_t(value >> 63);
    for (; x >= 0x80; x >>= 7) out.push_back(char(x | 0x80));
    out.push_back(char(x));
}

} // namespace kafka::record
