// The bytes of one received request. See frame.h.
#include "net/frame.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace kafka::net {
namespace {

constexpr size_t smallest_allocation = 1024; // so that a frame that trickles in is not copied at every byte
constexpr int64_t bookkeeping_bytes =
    256; // the Frame itself and its places in queues, so that tiny frames count too

} // namespace

Frame::Frame(size_t declared_size, std::shared_ptr<MemoryBudget> budget)
    : declared_(declared_size), budget_(std::move(budget)), charged_(bookkeeping_bytes) {
    budget_->charge(bookkeeping_bytes);
}

Frame::~Frame() {
    release_budget();
    std::free(data_);
}

void Frame::append(wire::View bytes) {
    if (bytes.empty()) return;
    reserve(size_ + bytes.size());
    std::memcpy(data_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
}

std::span<char> Frame::room() {
    if (size_ == capacity_ && !complete()) reserve(size_ + 1);
    return {data_ + size_, capacity_ - size_};
}

void Frame::reserve(size_t bytes) {
    if (bytes <= capacity_) return;
    const size_t wanted = std::min(declared_, std::max({bytes, 2 * capacity_, smallest_allocation}));
    void* grown = std::realloc(data_, wanted);
    if (!grown) throw std::bad_alloc();
    charge(wanted - capacity_);
    data_ = static_cast<char*>(grown);
    capacity_ = wanted;
}

void Frame::charge(size_t bytes) {
    budget_->charge(int64_t(bytes));
    charged_ += int64_t(bytes);
}

void Frame::release_budget() noexcept {
    const int64_t bytes = charged_.exchange(0);
    if (bytes > 0) budget_->release(bytes);
}

} // namespace kafka::net
