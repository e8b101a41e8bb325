// Reader and Writer of primitives, and the names of errors.
#include "test.h"
#include "wire_messages.h"

using namespace wire_test;

TEST("bytes: integers are big-endian and keep their sign") {
    Writer out;
    out.big(int8_t(-2));
    out.big(int16_t(-2));
    out.big(int32_t(0x01020304));
    out.big(int64_t(-1));
    out.big(uint32_t(0xfffffffe));
    CHECK_EQ(to_hex(out.out), "fefffe01020304fffffffffffffffffffffffe");
    Reader in(out.out);
    CHECK_EQ(in.big<int8_t>(), -2);
    CHECK_EQ(in.big<int16_t>(), -2);
    CHECK_EQ(in.big<int32_t>(), 0x01020304);
    CHECK_EQ(in.big<int64_t>(), -1);
    CHECK_EQ(in.big<uint32_t>(), 0xfffffffe);
    CHECK(in.ok());
    CHECK_EQ(in.left(), 0u);
}

TEST("bytes: unsigned varints have 7 bits in a byte, lowest first") {
    const std::pair<uint32_t, const char*> samples[] = {{0, "00"},
                                                        {127, "7f"},
                                                        {128, "8001"},
                                                        {300, "ac02"},
                                                        {16383, "ff7f"},
                                                        {16384, "808001"},
                                                        {1u << 28, "8080808001"},
                                                        {0xffffffff, "ffffffff0f"}};
    for (const auto& [value, hex] : samples) {
        Writer out;
        out.uvarint(value);
        CHECK_EQ(to_hex(out.out), hex);
        Reader in(out.out);
        CHECK_EQ(in.uvarint(), value);
        CHECK(in.ok() && in.left() == 0);
    }
}

TEST("bytes: after a read beyond the end everything reads as nothing, and ok() says so") {
    Reader in("abc");
    CHECK_EQ(in.take(2), "ab");
    CHECK_EQ(in.big<int16_t>(), 0);
    CHECK(!in.ok());
    CHECK_EQ(in.left(), 0u);
    CHECK_EQ(in.take(1), "");
    CHECK_EQ(in.uvarint(), 0u);
    Reader far("abc");
    CHECK_EQ(far.take(UINT64_MAX), "");
    CHECK(!far.ok());
}

TEST("bytes: no bytes at all are read without failure") {
    Reader in{View()};
    CHECK_EQ(in.take(0), "");
    CHECK(in.ok());
    CHECK_EQ(in.big<int8_t>(), 0);
    CHECK(!in.ok());
}

TEST("bytes: what a writer has written lives as long as its parts") {
    Encoded encoded;
    {
        Writer out;
        out.raw("some text that is too long to be stored within a string object");
        encoded = std::move(out).finish();
    }
    CHECK_EQ(joined(encoded), "some text that is too long to be stored within a string object");
    CHECK_EQ(encoded.size, 62u);
}

TEST("errors: codes have Kafka's numbers and names, and a meaning") {
    CHECK_EQ(int16_t(ErrorCode::unknown_server_error), -1);
    CHECK_EQ(int16_t(ErrorCode::unknown_topic_id), 100);
    CHECK_EQ(std::string(name(ErrorCode::none)), "NONE");
    CHECK_EQ(std::string(name(ErrorCode::invalid_topic_exception)), "INVALID_TOPIC_EXCEPTION");
    CHECK_EQ(std::string(name(ErrorCode(999))), "UNKNOWN");
    CHECK_EQ(std::string(meaning(ErrorCode(999))), "");
    for (int code = -1; code <= 133; code++) {
        CHECK(std::string(name(ErrorCode(code))) != "UNKNOWN");
        CHECK(!std::string(meaning(ErrorCode(code))).empty());
    }
    CHECK_EQ(std::string(name(ErrorCode(134))), "UNKNOWN");
}
