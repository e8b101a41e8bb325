// The bytes of one connection that still have to go to its socket: slices of replies, not copied, kept alive
// until the kernel has them. Net thread.
#pragma once
#include "wire/bytes.h"
#include "wire/requests.h"

#include <uv.h>

#include <cstddef>
#include <deque>
#include <span>

namespace kafka::net {

class Output {
public:
    /// Adds one whole response frame.
    void add(wire::Encoded&& frame);
    /// Describes the front of what is unsent in as many buffers as there are; returns those used.
    std::span<uv_buf_t> front(std::span<uv_buf_t> buffers) const;
    /// So many bytes from the front are with the kernel; lets go of their owners.
    void sent(size_t bytes);
    /// Unsent bytes.
    size_t size() const { return bytes_; }
    bool empty() const { return bytes_ == 0; }

private:
    std::deque<wire::Slice> slices_; // with anything unsent
    size_t offset_ = 0;              // bytes of the first that are sent
    size_t bytes_ = 0;
};

} // namespace kafka::net
