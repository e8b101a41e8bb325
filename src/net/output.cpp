// The bytes of one connection that still have to go to its socket. See output.h.
#include "net/output.h"

namespace kafka::net {

void Output::add(wire::Encoded&& frame) {
    for (wire::Slice& slice : frame.parts) {
        if (slice.data.empty()) continue;
        bytes_ += slice.data.size();
        slices_.push_back(std::move(slice));
    }
}

std::span<uv_buf_t> Output::front(std::span<uv_buf_t> buffers) const {
    size_t used = 0;
    size_t skip = offset_;
    for (auto slice = slices_.begin(); slice != slices_.end() && used < buffers.size(); ++slice) {
        const wire::View rest = slice->data.substr(skip);
        buffers[used++] = uv_buf_init(const_cast<char*>(rest.data()), unsigned(rest.size()));
        skip = 0;
    }
    return buffers.first(used);
}

void Output::sent(size_t bytes) {
    bytes_ -= bytes;
    offset_ += bytes;
    while (!slices_.empty() && offset_ >= slices_.front().data.size()) {
        offset_ -= slices_.front().data.size();
        slices_.pop_front();
    }
}

} // namespace kafka::net
