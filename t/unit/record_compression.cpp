// The codecs: round trips, what other clients write, damaged and hostile data.
#include "record/compression.h"

#include "record/layout.h"
#include "record_samples.h"
#include "test.h"

#include <lz4frame.h>
#include <snappy.h>

using namespace kafka::record;
using kafka::wire::View;

namespace {

constexpr Codec all_codecs[] = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};
constexpr Codec real_codecs[] = {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

std::string round_trip(Codec codec, std::optional<int> level, const std::string& bytes) {
    const std::string compressed = compress(codec, level, bytes);
    const Decompressed back = decompress(codec, compressed, bytes.size());
    CHECK(back.status == DecompressStatus::ok);
    return std::string(back.bytes.view());
}

/// What comes out, or the failure's text.
std::string plain(Codec codec, View compressed) {
    const Decompressed result = decompress(codec, compressed, samples::enough);
    return result.status == DecompressStatus::ok ? std::string(result.bytes.view()) : result.failure;
}

DecompressStatus status_of(Codec codec, View compressed, size_t max_size = samples::enough) {
    return decompress(codec, compressed, max_size).status;
}

std::string xerial(int32_t version, int32_t oldest_reader, const std::vector<std::string>& blocks) {
    std::string out("\x82SNAPPY\0", 8);
    out.resize(16);
    layout::store32(out.data() + 8, uint32_t(version));
    layout::store32(out.data() + 12, uint32_t(oldest_reader));
    for (const std::string& block : blocks) {
        std::string length(4, '\0');
        layout::store32(length.data(), uint32_t(block.size()));
        out += length + block;
    }
    return out;
}

std::string snappy_block(View bytes) {
    std::string out;
    snappy::Compress(bytes.data(), bytes.size(), &out);
    return out;
}

} // namespace

TEST("compression: every codec gives back what it was given, at any size around its block sizes") {
    for (const Codec codec : all_codecs)
        for (const size_t size : {0, 1, 100, 32767, 32768, 32769, 65536, 65537, 300000}) {
            const std::string noise = samples::noise(size), same(size, 'x');
            CHECK(round_trip(codec, std::nullopt, noise) == noise);
            CHECK(round_trip(codec, std::nullopt, same) == same);
        }
}

TEST("compression: any level is brought into the codec's range") {
    const std::string bytes = samples::records(500, 50);
    for (const Codec codec : all_codecs)
        for (const int level : {INT32_MIN, -5, -1, 0, 1, 3, 9, 12, 17, 22, INT32_MAX})
            CHECK(round_trip(codec, level, bytes) == bytes);
}

TEST("compression: a higher level makes fewer bytes") {
    std::string bytes;
    for (int i = 0; i < 5000; i++) bytes += "record " + std::to_string(i * 7919 % 5000);
    for (const Codec codec : {Codec::gzip, Codec::zstd})
        CHECK(compress(codec, 9, bytes).size() < compress(codec, 1, bytes).size());
    CHECK(compress(Codec::lz4, 12, bytes).size() < compress(Codec::lz4, std::nullopt, bytes).size());
    CHECK(compress(Codec::lz4, 9, bytes) == compress(Codec::lz4, std::nullopt, bytes));
}

TEST("compression: names are Kafka's, and uncompressed is none") {
    for (const Codec codec : all_codecs) CHECK(codec_named(name(codec)) == codec);
    CHECK(codec_named("uncompressed") == Codec::none);
    CHECK(!codec_named("producer"));
    CHECK(!codec_named("ZSTD"));
    CHECK(codec_of(4) == Codec::zstd);
    CHECK(!codec_of(5));
    CHECK(!codec_of(-1));
}

TEST("decompression: output may reach the bound and not pass it") {
    for (const Codec codec : all_codecs)
        for (const size_t size : {1, 4096, 5000, 65536, 200000}) {
            const std::string compressed = compress(codec, std::nullopt, std::string(size, 'x'));
            CHECK(status_of(codec, compressed, size) == DecompressStatus::ok);
            CHECK(status_of(codec, compressed, size + 1) == DecompressStatus::ok);
            CHECK(status_of(codec, compressed, size - 1) == DecompressStatus::too_large);
            CHECK(status_of(codec, compressed, 0) == DecompressStatus::too_large);
        }
}

TEST("decompression: a bomb is refused and never held beyond the bound") {
    const std::string zeros(64 << 20, '\0');
    for (const Codec codec : real_codecs) {
        const std::string bomb = compress(codec, std::nullopt, zeros);
        CHECK(bomb.size() < zeros.size() / 15);
        const Decompressed result = decompress(codec, bomb, 1 << 20);
        CHECK(result.status == DecompressStatus::too_large);
        CHECK(result.bytes.size() == 0);
    }
}

TEST("decompression: every proper prefix is refused") {
    const std::string bytes = samples::records(40, 30);
    for (const Codec codec : real_codecs) {
        const std::string compressed = compress(codec, std::nullopt, bytes);
        for (size_t size = 0; size < compressed.size(); size++) {
            if (codec == Codec::snappy && size == 16) continue; // a frame of no blocks: empty, but whole
            CHECK(status_of(codec, {compressed.data(), size}) == DecompressStatus::bad_data);
        }
    }
}

TEST("decompression: flipped bits never pass the bound nor crash") {
    const std::string bytes = samples::records(20, 30);
    for (const Codec codec : real_codecs) {
        std::string compressed = compress(codec, std::nullopt, bytes);
        for (size_t bit = 0; bit < compressed.size() * 8; bit++) {
            compressed[bit / 8] ^= char(1 << bit % 8);
            const Decompressed result = decompress(codec, compressed, 100000);
            CHECK(result.bytes.size() <= 100000);
            compressed[bit / 8] ^= char(1 << bit % 8);
        }
    }
}

TEST("decompression: noise is refused under every codec") {
    for (size_t size = 1; size < 300; size++)
        for (const Codec codec : {Codec::gzip, Codec::lz4, Codec::zstd})
            CHECK(status_of(codec, samples::noise(size)) == DecompressStatus::bad_data);
}

TEST("gzip: several members in a row are one, what follows them is refused") {
    const std::string first = compress(Codec::gzip, 1, "first "), second = compress(Codec::gzip, 9, "second");
    CHECK_EQ(plain(Codec::gzip, first + second), "first second");
    CHECK(status_of(Codec::gzip, first + "junk") == DecompressStatus::bad_data);
    CHECK(status_of(Codec::gzip, first + second, 11) == DecompressStatus::too_large);
    std::string wrong_crc = first;
    wrong_crc[first.size() - 8] ^= 1;
    CHECK(status_of(Codec::gzip, wrong_crc) == DecompressStatus::bad_data);
}

TEST("zstd: several frames in a row are one, what follows them is refused") {
    const std::string first = compress(Codec::zstd, 1, "first "), second = compress(Codec::zstd, 9, "second");
    CHECK_EQ(plain(Codec::zstd, first + second), "first second");
    CHECK(status_of(Codec::zstd, first + "junk") == DecompressStatus::bad_data);
}

TEST("zstd: a window above 128 MiB is refused") {
    // Frame header without content size: descriptor 0, window descriptor (exponent << 3); then a raw last
    // block "a".
    const auto frame = [](int window_log) {
        return std::string("\x28\xB5\x2F\xFD\0", 5) + char((window_log - 10) << 3) +
               std::string("\x09\0\0a", 4);
    };
    CHECK_EQ(plain(Codec::zstd, frame(27)), "a");
    CHECK(status_of(Codec::zstd, frame(28)) == DecompressStatus::bad_data);
    CHECK(status_of(Codec::zstd, frame(41)) == DecompressStatus::bad_data);
}

TEST("snappy: the framing of snappy-java and the bare block are both read") {
    const std::string one = snappy_block("one "), two = snappy_block("two");
    CHECK_EQ(plain(Codec::snappy, xerial(1, 1, {one, two})), "one two");
    CHECK_EQ(plain(Codec::snappy, one), "one ");
    CHECK_EQ(plain(Codec::snappy, xerial(1, 1, {one}) + xerial(1, 1, {two})), "one two");
    CHECK_EQ(plain(Codec::snappy, xerial(2, 1, {one})), "one ");
}

TEST("snappy: lengths that lie are refused without being believed") {
    const std::string block = snappy_block("some bytes");
    const std::string framed = xerial(1, 1, {block});
    for (const uint32_t lie : {0u, 1u, uint32_t(block.size()) + 1, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
        std::string lying = framed;
        layout::store32(lying.data() + 16, lie);
        CHECK(status_of(Codec::snappy, lying) == DecompressStatus::bad_data);
    }
    const std::string claims_4_gib("\xff\xff\xff\xff\x0f\0a", 7);
    CHECK(status_of(Codec::snappy, claims_4_gib, SIZE_MAX) == DecompressStatus::bad_data);
    CHECK(status_of(Codec::snappy, xerial(1, 1, {claims_4_gib}), SIZE_MAX) == DecompressStatus::bad_data);
    CHECK(status_of(Codec::snappy, framed + "ab") == DecompressStatus::bad_data);
}

TEST("snappy: a framing that asks for a newer reader is refused") {
    const std::string block = snappy_block("x");
    for (const int32_t oldest_reader : {-1, 0, 2, INT32_MAX})
        CHECK(status_of(Codec::snappy, xerial(1, oldest_reader, {block})) == DecompressStatus::bad_data);
    CHECK(status_of(Codec::snappy, xerial(1, 1, {}).substr(0, 12)) == DecompressStatus::bad_data);
}

TEST("lz4: frames that Kafka's clients cannot read are refused") {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockMode = LZ4F_blockLinked;
    const std::string bytes(200000, 'x');
    std::string linked(LZ4F_compressFrameBound(bytes.size(), &preferences), '\0');
    linked.resize(LZ4F_compressFrame(linked.data(), linked.size(), bytes.data(), bytes.size(), &preferences));
    CHECK(status_of(Codec::lz4, linked) == DecompressStatus::bad_data);

    const std::string skippable("\x50\x2A\x4D\x18\x04\0\0\0abcd", 12);
    CHECK(status_of(Codec::lz4, skippable) == DecompressStatus::bad_data);
    CHECK(status_of(Codec::lz4, compress(Codec::lz4, 1, "x") + "y") == DecompressStatus::bad_data);
}

TEST("lz4: block and content checksums are read and compared") {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockMode = LZ4F_blockIndependent;
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    preferences.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
    preferences.frameInfo.contentSize = 5;
    std::string frame(LZ4F_compressFrameBound(5, &preferences), '\0');
    frame.resize(LZ4F_compressFrame(frame.data(), frame.size(), "bytes", 5, &preferences));
    CHECK_EQ(plain(Codec::lz4, frame), "bytes");
    frame.back() ^= 1;
    CHECK(status_of(Codec::lz4, frame) == DecompressStatus::bad_data);
}
