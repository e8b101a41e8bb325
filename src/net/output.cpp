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
    for (size_t i = first_; i < slices_.size() && used < buffers.size(); i++) {
        const wire::View rest = slices_[i].data.substr(skip);
        buffers[used++] = uv_buf_init(const_cast<char*>(rest.data()), unsigned(rest.size()));
        skip = 0;
    }
    return buffers.first(used);
}

void Output::sent(size_t bytes) {
    bytes_ -= bytes;
    offset_ += bytes;
    while (first_ < slices_.size() && offset_ >= slices_[first_].data.size()) {
        offset_ -= slices_[first_].data.size();
        slices_[first_++].owner.reset();
    }
    if (first_ < slices_.size()) return;
    slices_.clear();
    first_ = 0;
}

} // namespace kafka::net
