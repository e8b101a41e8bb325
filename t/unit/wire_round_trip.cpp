// Random messages of all APIs in all versions, there and back, and random damage.
#include "test.h"
#include "wire_messages.h"

using namespace wire_test;

TEST("round trip: random messages of all APIs and versions come back as they were") {
    for (const Kind& kind : all_kinds()) {
        Filler filler(20240229);
        for (int i = 0; i < 20; i++) {
            const AnyMessage message = filler.message(kind);
            const std::string bytes = encode(message, kind);
            const std::optional<AnyMessage> back = decode(bytes, kind);
            CHECK(back.has_value());
            if (!back) continue;
            std::string where = std::string(kind.api.name) + " " + std::to_string(kind.version);
            if (!same(to_json(*back, kind), to_json(message, kind), where))
                test::fail(__FILE__, __LINE__, "differs: " + where);
            CHECK_EQ(encode(*back, kind), bytes);
        }
    }
}

TEST("round trip: random messages with random damage are refused or decode, and nothing else happens") {
    std::mt19937 random(8);
    for (const Kind& kind : all_kinds()) {
        Filler filler(7);
        for (int i = 0; i < 50; i++) {
            std::string bytes = encode(filler.message(kind), kind);
            for (size_t n = 1 + random() % 4; n > 0 && !bytes.empty(); n--)
                bytes[random() % bytes.size()] = char(random() % 3 ? random() : 0xff);
            const std::optional<AnyMessage> message = decode(bytes, kind);
            if (message) CHECK(decode(encode(*message, kind), kind).has_value());
        }
    }
}

TEST("round trip: random bytes as request frames are refused or decode, and nothing else happens") {
    std::mt19937 random(9);
    for (int i = 0; i < 20000; i++) {
        Writer frame;
        frame.big(apis()[random() % apis().size()].key);
        frame.big(int16_t(random() % 20));
        frame.big(int32_t(i));
        frame.big(int16_t(-1));
        for (size_t n = random() % 60; n > 0; n--) frame.big(uint8_t(random() % 2 ? random() : random() % 3));
        const DecodeResult result = decode_request(frame.out);
        CHECK_EQ(result.header.correlation_id, i);
    }
}
