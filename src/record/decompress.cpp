// Decompression into a buffer that holds one byte more than is allowed: a stream that fills it is too large,
// and one that ends exactly at the bound is not.
#include "record/compression.h"
#include "record/layout.h"
#include "record/xerial.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <limits>

namespace kafka::record {
namespace {

using wire::View;

constexpr int zstd_window_log_max = 27;
constexpr size_t snappy_max_ratio = 32; // no element of a block makes more than 64 bytes of 3

/// What has come out so far, and what is to be said of it at the end.
class Output {
public:
    Output(size_t compressed_size, size_t max_size)
        : max_size_(std::min(max_size, std::numeric_limits<size_t>::max() / 4)),
          buffer_(std::max<size_t>(compressed_size * 4, 4096), max_size_ + 1) {}

    Buffer& buffer() { return buffer_; }
    size_t left() const { return max_size_ - std::min(buffer_.size(), max_size_); }

    /// Makes sure that at least one more byte can be written; false once there are more than allowed.
    bool grow() { return buffer_.size() <= max_size_ && buffer_.grow(); }

    Decompressed done() {
        if (buffer_.size() > max_size_) return too_large();
        return {DecompressStatus::ok, "", std::move(buffer_)};
    }
    static Decompressed too_large() {
        return {DecompressStatus::too_large, "the records decompress to more bytes than are allowed", {}};
    }
    static Decompressed bad(const char* failure) { return {DecompressStatus::bad_data, failure, {}}; }

private:
    size_t max_size_;
    Buffer buffer_;
};

Decompressed copy(View in, Output out) {
    if (in.size() > out.left()) return Output::too_large();
    out.buffer().grow(in.size());
    if (!in.empty()) std::memcpy(out.buffer().end(), in.data(), in.size());
    out.buffer().advance(in.size());
    return out.done();
}

class Inflater {
public:
    Inflater() { ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK; } // +16: the gzip format and no other
    ~Inflater() {
        if (ready_) inflateEnd(&stream_);
    }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    bool ready() const { return ready_; }
    z_stream& stream() { return stream_; }

private:
    z_stream stream_{};
    bool ready_;
};

/// One call of inflate() into the room that there is.
int inflate_step(z_stream& stream, Buffer& buffer) {
    const size_t room = std::min<size_t>(buffer.room(), std::numeric_limits<uInt>::max());
    stream.next_out = reinterpret_cast<Bytef*>(buffer.end());
    stream.avail_out = uInt(room);
    const int result = inflate(&stream, Z_NO_FLUSH);
    buffer.advance(room - stream.avail_out);
    return result;
}

Decompressed gunzip(View in, Output out) {
    Inflater inflater;
    if (!inflater.ready()) throw std::bad_alloc();
    if (in.size() > std::numeric_limits<uInt>::max()) return Output::too_large();
    z_stream& stream = inflater.stream();
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream.avail_in = uInt(in.size());
    while (out.grow()) {
        const int result = inflate_step(stream, out.buffer());
        if (result == Z_STREAM_END && stream.avail_in == 0) return out.done();
        if (result == Z_STREAM_END && inflateReset(&stream) == Z_OK) continue;
        if (result == Z_MEM_ERROR) throw std::bad_alloc();
        if (result != Z_OK) return Output::bad("the gzip data are damaged or cut short");
    }
    return Output::too_large();
}

/// Appends one snappy block. Its length field is believed only as far as a block of this size can reach.
const char* add_snappy_block(View block, Output& out, bool& too_large) {
    size_t length = 0;
    if (!snappy::GetUncompressedLength(block.data(), block.size(), &length))
        return "a snappy block has no length";
    if (length / snappy_max_ratio > block.size()) return "a snappy block claims an impossible length";
    too_large = length > out.left();
    if (too_large) return nullptr;
    out.buffer().grow(std::max<size_t>(length, 1));
    if (!snappy::RawUncompress(block.data(), block.size(), out.buffer().end()))
        return "a snappy block is damaged";
    out.buffer().advance(length);
    return nullptr;
}

/// Takes a header of the framing off the front; false if its version is not one that can be read.
bool take_xerial_header(View& in) {
    if (in.size() < xerial::header_size) return false;
    const auto oldest_reader = int32_t(layout::load32(in.data() + 12));
    in.remove_prefix(xerial::header_size);
    return oldest_reader == xerial::version;
}

/// Takes a block with its length off the front; nothing if the length lies.
std::optional<View> take_xerial_block(View& in) {
    if (in.size() < 4) return std::nullopt;
    const uint32_t length = layout::load32(in.data());
    in.remove_prefix(4);
    if (length > in.size()) return std::nullopt;
    const View block = in.substr(0, length);
    in.remove_prefix(length);
    return block;
}

Decompressed unsnap_xerial(View in, Output out) {
    while (!in.empty()) {
        if (in.starts_with(xerial::magic)) { // again in the middle where two streams were joined
            if (!take_xerial_header(in)) return Output::bad("the snappy framing is of an unknown version");
            continue;
        }
        const std::optional<View> block = take_xerial_block(in);
        if (!block) return Output::bad("a snappy block does not fit the data");
        bool too_large = false;
        const char* failure = add_snappy_block(*block, out, too_large);
        if (failure) return Output::bad(failure);
        if (too_large) return Output::too_large();
    }
    return out.done();
}

Decompressed unsnap(View in, Output out) {
    if (in.starts_with(xerial::magic)) return unsnap_xerial(in, std::move(out));
    bool too_large = false;
    const char* failure = add_snappy_block(in, out, too_large);
    if (failure) return Output::bad(failure);
    return too_large ? Output::too_large() : out.done();
}

struct Lz4Free {
    void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

std::unique_ptr<LZ4F_dctx, Lz4Free> make_lz4_context() {
    LZ4F_dctx* context = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) throw std::bad_alloc();
    return std::unique_ptr<LZ4F_dctx, Lz4Free>(context);
}

/// True of a frame (not a skippable one) whose blocks do not refer to each other.
bool is_independent_lz4_frame(View in) {
    constexpr View frame_magic{"\x04\x22\x4D\x18", 4};
    constexpr uint8_t independent_blocks = 0x20;
    return in.size() > 4 && in.starts_with(frame_magic) && uint8_t(in[4]) & independent_blocks;
}

Decompressed unlz4(View in, Output out) {
    if (!is_independent_lz4_frame(in)) return Output::bad("not an lz4 frame of independent blocks");
    const auto context = make_lz4_context();
    while (out.grow()) {
        size_t written = out.buffer().room(), consumed = in.size();
        const size_t hint =
            LZ4F_decompress(context.get(), out.buffer().end(), &written, in.data(), &consumed, nullptr);
        if (LZ4F_isError(hint)) return Output::bad("the lz4 data are damaged");
        out.buffer().advance(written);
        in.remove_prefix(consumed);
        if (hint == 0) return in.empty() ? out.done() : Output::bad("there are bytes after the lz4 frame");
        if (in.empty() && out.buffer().room() > 0) return Output::bad("the lz4 data are cut short");
    }
    return Output::too_large();
}

struct ZstdFree {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::unique_ptr<ZSTD_DCtx, ZstdFree> make_zstd_context() {
    std::unique_ptr<ZSTD_DCtx, ZstdFree> context(ZSTD_createDCtx());
    if (!context) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, zstd_window_log_max);
    return context;
}

Decompressed unzstd(View in, Output out) {
    const auto context = make_zstd_context();
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    while (out.grow()) {
        ZSTD_outBuffer output{out.buffer().end(), out.buffer().room(), 0};
        const size_t hint = ZSTD_decompressStream(context.get(), &output, &input);
        if (ZSTD_isError(hint)) return Output::bad("the zstd data are damaged");
        out.buffer().advance(output.pos);
        if (input.pos < input.size) continue;
        if (hint == 0) return out.done();
        if (out.buffer().room() > 0) return Output::bad("the zstd data are cut short");
    }
    return Output::too_large();
}

} // namespace

Decompressed decompress(Codec codec, View compressed, size_t max_size) {
    Output out(compressed.size(), max_size);
    switch (codec) {
    case Codec::none:
        return copy(compressed, std::move(out));
    case Codec::gzip:
        return gunzip(compressed, std::move(out));
    case Codec::snappy:
        return unsnap(compressed, std::move(out));
    case Codec::lz4:
        return unlz4(compressed, std::move(out));
    case Codec::zstd:
        return unzstd(compressed, std::move(out));
    }
    return Output::bad("unknown codec");
}

} // namespace kafka::record
