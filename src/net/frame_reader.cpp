// Cuts the byte stream of one connection into frames. See frame_reader.h.
#include "net/frame_reader.h"

#include <algorithm>

namespace kafka::net {

FrameReader::Status FrameReader::read(wire::View& input, int64_t max_request_bytes,
                                      const std::shared_ptr<MemoryBudget>& budget) {
    if (!frame_) {
        if (!read_size(input)) return Status::need_more;
        if (declared_ < 0 || declared_ > max_request_bytes) return Status::bad_size;
        frame_ = std::make_shared<Frame>(size_t(declared_), budget);
    }
    const wire::View bytes = input.substr(0, frame_->missing());
    frame_->append(bytes);
    input.remove_prefix(bytes.size());
    return frame_->complete() ? Status::complete : Status::need_more;
}

bool FrameReader::read_size(wire::View& input) {
    const size_t taken = std::min(input.size(), size_field_.size() - size_bytes_);
    std::copy_n(input.begin(), taken, size_field_.begin() + size_bytes_);
    size_bytes_ += uint8_t(taken);
    input.remove_prefix(taken);
    if (size_bytes_ < size_field_.size()) return false;
    declared_ = wire::Reader(size_field()).big<int32_t>();
    size_bytes_ = 0;
    return true;
}

} // namespace kafka::net
