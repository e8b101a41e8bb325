// See bytes.h.
#include "wire/bytes.h"

#include <cstring>

namespace kafka::wire {

size_t UuidHash::operator()(const Uuid& id) const {
    uint64_t halves[2]; // ids are random, so their own bits are hash enough
    std::memcpy(halves, id.data(), sizeof halves);
    return size_t(halves[0] ^ halves[1]);
}

uint32_t Reader::uvarint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
        const auto byte = big<uint8_t>();
        value |= uint64_t(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return uint32_t(value);
    }
    fail();
    return 0;
}

Reader::TaggedField Reader::tagged_field() {
    const uint32_t tag = uvarint();
    const uint32_t size = uvarint();
    return {tag, take(size)};
}

void Reader::skip_tagged_fields() {
    for (auto count = int32_t(uvarint()); count > 0 && ok(); count--) tagged_field();
}

void Writer::uvarint(uint32_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(char(value | 0x80));
    out.push_back(char(value));
}

void Writer::slice(const Slice& slice) {
    constexpr size_t copied_below = 512;
    if (slice.data.size() < copied_below) return raw(slice.data);
    slices_.push_back({out.size(), slice});
    slice_bytes_ += slice.data.size();
}

void Writer::append(const Writer& other) {
    for (const Noted& noted : other.slices_) slices_.push_back({out.size() + noted.at, noted.slice});
    slice_bytes_ += other.slice_bytes_;
    out.append(other.out);
}

Encoded Writer::finish() && {
    Encoded encoded;
    encoded.size = size();
    encoded.parts.reserve(2 * slices_.size() + 1);
    const auto text = std::make_shared<const std::string>(std::move(out));
    size_t done = 0;
    const auto text_before = [&](size_t end) {
        if (end > done) encoded.parts.push_back({text, View(*text).substr(done, end - done)});
        done = end;
    };
    for (Noted& noted : slices_) {
        text_before(noted.at);
        encoded.parts.push_back(std::move(noted.slice));
    }
    text_before(text->size());
    *this = {};
    return encoded;
}

} // namespace kafka::wire
