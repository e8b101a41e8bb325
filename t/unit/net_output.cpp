// net::Output: what still has to be sent, and that nothing else is kept.
#include "net/output.h"
#include "test.h"

#include <array>
#include <malloc.h>

#ifdef __SANITIZE_ADDRESS__
// Its header is not installed with every compiler.
extern "C" size_t __sanitizer_get_current_allocated_bytes();
#endif

using namespace kafka;

namespace {

/// That this process holds at present.
size_t allocated_bytes() {
#ifdef __SANITIZE_ADDRESS__
    return __sanitizer_get_current_allocated_bytes();
#else
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
#endif
}

wire::Encoded frame(const std::shared_ptr<const std::string>& text) {
    wire::Encoded frame;
    frame.parts.push_back({text, *text});
    frame.size = text->size();
    return frame;
}

std::shared_ptr<const std::string> text(const std::string& text) {
    return std::make_shared<const std::string>(text);
}

/// What would be sent next, as far as it fits into that many buffers.
template <size_t buffers = 8> std::string front(const net::Output& output) {
    std::array<uv_buf_t, buffers> room;
    std::string all;
    for (const uv_buf_t& buffer : output.front(room)) all.append(buffer.base, buffer.len);
    return all;
}

} // namespace

TEST("output: slices are sent in order, in parts of any size") {
    net::Output output;
    CHECK(output.empty());
    for (const char* word : {"one", "", "two", "three"}) output.add(frame(text(word)));
    CHECK_EQ(output.size(), 11u);
    CHECK_EQ(front(output), "onetwothree");
    CHECK_EQ(front<2>(output), "onetwo");
    output.sent(0);
    output.sent(2);
    CHECK_EQ(front(output), "etwothree");
    output.sent(5);
    CHECK_EQ(front(output), "hree");
    output.add(frame(text("four")));
    CHECK_EQ(front(output), "hreefour");
    CHECK_EQ(front<1>(output), "hree");
    output.sent(8);
    CHECK(output.empty());
    CHECK_EQ(front(output), "");
    output.add(frame(text("again")));
    CHECK_EQ(front(output), "again");
}

TEST("output: what is sent is let go of, though something is always unsent") {
    net::Output output;
    std::shared_ptr<const std::string> sent = text("sent"), unsent = text("unsent");
    output.add(frame(sent));
    output.add(frame(unsent));
    output.sent(5);
    CHECK_EQ(sent.use_count(), 1);
    CHECK_EQ(unsent.use_count(), 2);
    output.sent(5);
    CHECK_EQ(unsent.use_count(), 1);

    const size_t before = allocated_bytes();
    const auto word = text("word");
    output.add(frame(word));
    for (int i = 0; i < 100'000; i++) {
        output.add(frame(word));
        output.sent(4);
    }
    CHECK_EQ(word.use_count(), 2);
    CHECK_EQ(output.size(), 4u);
    CHECK(allocated_bytes() < before + (64 << 10));
}
