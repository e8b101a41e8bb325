// See text.h.
#include "wire/text.h"

#include <algorithm>

namespace kafka::wire {
namespace {

/// Bytes of the character at the front; 0 if there is none that is valid: NUL, overlong, a surrogate, above U+10FFFF.
size_t character(View in) {
    const auto byte = [&](size_t i) { return i < in.size() ? uint8_t(in[i]) : uint8_t(0); };
    const auto follows = [&](size_t i, uint8_t from = 0x80, uint8_t to = 0xbf) {
        return byte(i) >= from && byte(i) <= to;
    };
    const uint8_t first = byte(0);
    if (first < 0x80) return first != 0;
    if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const uint8_t least = first == 0xe0 ? 0xa0 : 0x80, most = first == 0xed ? 0x9f : 0xbf;
        return follows(1, least, most) && follows(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const uint8_t least = first == 0xf0 ? 0x90 : 0x80, most = first == 0xf4 ? 0x8f : 0xbf;
        return follows(1, least, most) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

} // namespace

bool is_text(View bytes, TextRule rule) {
    if (std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<signed char>(c) > 0; }))
        return true;
    if (rule == TextRule::ascii) return false;
    while (!bytes.empty()) {
        const size_t length = character(bytes);
        if (length == 0) return false;
        bytes.remove_prefix(length);
    }
    return true;
}

View text_prefix(View text, size_t most_bytes) {
    if (text.size() <= most_bytes) return text;
    const auto continues = [](char c) { return (uint8_t(c) & 0xc0) == 0x80; };
    while (most_bytes > 0 && continues(text[most_bytes])) most_bytes--;
    return text.substr(0, most_bytes);
}

} // namespace kafka::wire
