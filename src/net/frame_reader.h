// Cuts the byte stream of one connection into frames: a big-endian int32 size, then so many bytes.
// Net thread; no socket in here.
#pragma once
#include "net/frame.h"

#include <array>
#include <cstdint>
#include <memory>

namespace kafka::net {

class FrameReader {
public:
    enum class Status {
        need_more, ///< everything was taken and no frame is complete
        complete,  ///< take_frame() has one
        bad_size,  ///< declared_size() is negative or too large; the stream is of no use any more
    };

    /// Takes bytes off the front of `input` until a frame is complete or `input` is empty.
    /// Frames are charged to `budget`; sizes above `max_request_bytes` are refused. Throws std::bad_alloc.
    Status read(wire::View& input, int64_t max_request_bytes, const std::shared_ptr<MemoryBudget>& budget);

    /// The frame whose bytes are awaited, or null between frames; for reading a large rest straight into it.
    const std::shared_ptr<Frame>& unfinished() const { return frame_; }
    std::shared_ptr<Frame> take_frame() { return std::move(frame_); }
    int32_t declared_size() const { return declared_; }
    /// The four bytes of the last size field, as they came.
    wire::View size_field() const { return {size_field_.data(), size_field_.size()}; }

private:
    bool read_size(wire::View& input);

    std::array<char, 4> size_field_{};
    uint8_t size_bytes_ = 0; // of the size field that are here; back to 0 once it is complete
    int32_t declared_ = 0;
    std::shared_ptr<Frame> frame_;
};

} // namespace kafka::net
