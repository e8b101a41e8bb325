// CRC-32C: published values, and the instruction against the tables at every length and alignment that takes
// another path.
#include "record/crc32c.h"

#include "record_samples.h"
#include "test.h"

using kafka::record::crc32c;
using kafka::record::crc32c_by_table;
using kafka::wire::View;

TEST("crc32c: both ways give the values that RFC 3720 publishes") {
    std::string ascending;
    for (int i = 0; i < 32; i++) ascending.push_back(char(i));
    const std::string descending(ascending.rbegin(), ascending.rend());
    const std::pair<std::string, uint32_t> known[] = {
        {"", 0},
        {"123456789", 0xE3069283},
        {std::string(32, '\0'), 0x8A9136AA},
        {std::string(32, '\xff'), 0x62A8AB43},
        {ascending, 0x46DD794E},
        {descending, 0x113FDB5C},
    };
    for (const auto& [bytes, crc] : known) {
        CHECK_EQ(crc32c(bytes), crc);
        CHECK_EQ(crc32c_by_table(bytes), crc);
    }
}

TEST("crc32c: the instruction agrees with the tables at every length and alignment") {
    const std::string bytes = samples::noise(9000);
    for (size_t size = 0; size < 900; size++)
        CHECK_EQ(crc32c({bytes.data(), size}), crc32c_by_table({bytes.data(), size}));
    for (size_t start = 0; start < 17; start++)
        for (size_t size = 3060; size + start < bytes.size(); size += 61) {
            const View part(bytes.data() + start, size);
            CHECK_EQ(crc32c(part), crc32c_by_table(part));
        }
}

TEST("crc32c: a single changed bit changes it, wherever it is") {
    std::string bytes = samples::noise(4096);
    const uint32_t before = crc32c(bytes);
    for (size_t bit = 0; bit < bytes.size() * 8; bit += 37) {
        bytes[bit / 8] ^= char(1 << bit % 8);
        CHECK(crc32c(bytes) != before);
        bytes[bit / 8] ^= char(1 << bit % 8);
    }
}
