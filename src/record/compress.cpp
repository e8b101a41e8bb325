// Compression in the forms that every Kafka client reads, and the names of the codecs.
#include "record/compression.h"
#include "record/layout.h"
#include "record/xerial.h"

#include <lz4frame.h>
#include <lz4hc.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <stdexcept>

namespace kafka::record {
namespace {

using wire::View;

constexpr std::array<const char*, 5> names{"none", "gzip", "snappy", "lz4", "zstd"};

struct Deflater {
    z_stream stream{};
    explicit Deflater(int level) {
        if (deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
    }
    ~Deflater() { deflateEnd(&stream); }
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
};

std::string gzip(std::optional<int> level, View in) {
    Deflater deflater(level && *level > 0 ? std::min(*level, Z_BEST_COMPRESSION) : Z_DEFAULT_COMPRESSION);
    z_stream& stream = deflater.stream;
    std::string out(deflateBound(&stream, in.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream.avail_in = uInt(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = uInt(out.size());
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("gzip compression failed");
    out.resize(stream.total_out);
    return out;
}

std::string snap(View in) {
    std::string out(xerial::header_size, '\0');
    out.replace(0, xerial::magic.size(), xerial::magic);
    layout::store32(out.data() + 8, xerial::version);
    layout::store32(out.data() + 12, xerial::version);
    for (; !in.empty(); in.remove_prefix(std::min(in.size(), xerial::block_size))) {
        const View block = in.substr(0, xerial::block_size);
        const size_t at = out.size();
        size_t length = snappy::MaxCompressedLength(block.size());
        out.resize(at + 4 + length);
        snappy::RawCompress(block.data(), block.size(), out.data() + at + 4, &length);
        layout::store32(out.data() + at, uint32_t(length));
        out.resize(at + 4 + length);
    }
    return out;
}

/// Kafka's levels are 1 to 17, where 9, the default, means the fast compressor and all others the thorough
/// one.
int lz4_level(std::optional<int> level) {
    constexpr int kafka_default = 9, fast = 0;
    if (level.value_or(kafka_default) == kafka_default) return fast;
    return std::clamp(*level, LZ4HC_CLEVEL_MIN, LZ4HC_CLEVEL_MAX);
}

std::string lz4(std::optional<int> level, View in) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockSizeID = LZ4F_max64KB;
    preferences.frameInfo.blockMode = LZ4F_blockIndependent;
    preferences.compressionLevel = lz4_level(level);
    std::string out(LZ4F_compressFrameBound(in.size(), &preferences), '\0');
    const size_t size = LZ4F_compressFrame(out.data(), out.size(), in.data(), in.size(), &preferences);
    if (LZ4F_isError(size)) throw std::runtime_error("lz4 compression failed");
    out.resize(size);
    return out;
}

std::string zstd(std::optional<int> level, View in) {
    const int known = std::clamp(level.value_or(ZSTD_defaultCLevel()), ZSTD_minCLevel(), ZSTD_maxCLevel());
    std::string out(ZSTD_compressBound(in.size()), '\0');
    const size_t size = ZSTD_compress(out.data(), out.size(), in.data(), in.size(), known);
    if (ZSTD_isError(size)) throw std::runtime_error("zstd compression failed");
    out.resize(size);
    return out;
}

} // namespace

std::optional<Codec> codec_of(int id) {
    if (id < 0 || size_t(id) >= names.size()) return std::nullopt;
    return Codec(id);
}

std::optional<Codec> codec_named(std::string_view name) {
    if (name == "uncompressed") return Codec::none;
    for (size_t id = 0; id < names.size(); id++)
        if (name == names[id]) return Codec(id);
    return std::nullopt;
}

const char* name(Codec codec) { return names[size_t(codec)]; }

std::string compress(Codec codec, std::optional<int> level, View bytes) {
    switch (codec) {
    case Codec::none:
        return std::string(bytes);
    case Codec::gzip:
        return gzip(level, bytes);
    case Codec::snappy:
        return snap(bytes);
    case Codec::lz4:
        return lz4(level, bytes);
    case Codec::zstd:
        return zstd(level, bytes);
    }
    throw std::invalid_argument("unknown codec");
}

} // namespace kafka::record
