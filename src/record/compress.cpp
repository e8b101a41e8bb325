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
#include <memory>
#include <stdexcept>

namespace kafka::record {
namespace {

using wire::View;

constexpr std::array<const char*, 5> names{"none", "gzip", "snappy", "lz4", "zstd"};

/// Calls `step` with one piece of the input after the other, and whether it is the last. Each takes a moment only, so that whoever
/// waits for the end of this thread does not wait long; throws Stopped.
template <class Step> void in_pieces(View in, const std::stop_token& stop, Step&& step) {
    constexpr size_t piece = 64 << 10;
    do {
        if (stop.stop_requested()) throw Stopped();
        const View next = in.substr(0, piece);
        in.remove_prefix(next.size());
        step(next, in.empty());
    } while (!in.empty());
}

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

std::string gzip(std::optional<int> level, View in, const std::stop_token& stop) {
    Deflater deflater(level && *level > 0 ? std::min(*level, Z_BEST_COMPRESSION) : Z_DEFAULT_COMPRESSION);
    z_stream& stream = deflater.stream;
    std::string out(deflateBound(&stream, in.size()), '\0');
    in_pieces(in, stop, [&](View piece, bool last) {
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
        stream.avail_in = uInt(piece.size());
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + stream.total_out);
        stream.avail_out = uInt(out.size() - stream.total_out);
        if (deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH) != (last ? Z_STREAM_END : Z_OK))
            throw std::runtime_error("gzip compression failed");
    });
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

struct Lz4Free {
    void operator()(LZ4F_cctx* context) const { LZ4F_freeCompressionContext(context); }
};

std::string lz4(std::optional<int> level, View in, const std::stop_token& stop) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockSizeID = LZ4F_max64KB;
    preferences.frameInfo.blockMode = LZ4F_blockIndependent;
    preferences.compressionLevel = lz4_level(level);
    preferences.autoFlush = 1;
    LZ4F_cctx* made = nullptr;
    if (LZ4F_isError(LZ4F_createCompressionContext(&made, LZ4F_VERSION))) throw std::bad_alloc();
    const std::unique_ptr<LZ4F_cctx, Lz4Free> context(made);
    std::string out(LZ4F_compressFrameBound(in.size(), &preferences), '\0');
    size_t size = 0;
    const auto written = [&](size_t bytes) {
        if (LZ4F_isError(bytes)) throw std::runtime_error("lz4 compression failed");
        size += bytes;
    };
    written(LZ4F_compressBegin(made, out.data(), out.size(), &preferences));
    in_pieces(in, stop, [&](View piece, bool last) {
        written(LZ4F_compressUpdate(made, out.data() + size, out.size() - size, piece.data(), piece.size(),
                                    nullptr));
        if (last) written(LZ4F_compressEnd(made, out.data() + size, out.size() - size, nullptr));
    });
    out.resize(size);
    return out;
}

struct ZstdFree {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

std::string zstd(std::optional<int> level, View in, const std::stop_token& stop) {
    const int known = std::clamp(level.value_or(ZSTD_defaultCLevel()), ZSTD_minCLevel(), ZSTD_maxCLevel());
    const std::unique_ptr<ZSTD_CCtx, ZstdFree> context(ZSTD_createCCtx());
    if (!context) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, known);
    ZSTD_CCtx_setPledgedSrcSize(context.get(), in.size());
    std::string out(ZSTD_compressBound(in.size()), '\0');
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    in_pieces(in, stop, [&](View piece, bool last) {
        ZSTD_inBuffer input{piece.data(), piece.size(), 0};
        const size_t left =
            ZSTD_compressStream2(context.get(), &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left) || input.pos < input.size || (last && left > 0))
            throw std::runtime_error("zstd compression failed");
    });
    out.resize(output.pos);
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

std::string compress(Codec codec, std::optional<int> level, View bytes, const std::stop_token& stop) {
    switch (codec) {
    case Codec::none:
        return std::string(bytes);
    case Codec::gzip:
        return gzip(level, bytes, stop);
    case Codec::snappy:
        return snap(bytes);
    case Codec::lz4:
        return lz4(level, bytes, stop);
    case Codec::zstd:
        return zstd(level, bytes, stop);
    }
    throw std::invalid_argument("unknown codec");
}

} // namespace kafka::record
