// Gives memory back to the system. See spare_memory.h.
#include "net/spare_memory.h"

#include <malloc.h>

namespace kafka::net {
namespace {

constexpr size_t many_bytes = 8 << 20;
/// Beside a tail cache of 128 MB, giving back took 10 ms at times, in which whoever allocates waits: not more often than this.
constexpr std::chrono::seconds usual_delay{10};

// The allocator would learn from the first large blocks that are freed to keep up to 64 MB at the end of each heap.
constexpr int own_mapping_from = 4 << 20, kept_at_the_end = 32 << 20;

} // namespace

SpareMemory::SpareMemory(uv_loop_t& loop) : SpareMemory(loop, usual_delay, [] { malloc_trim(0); }) {
    mallopt(M_MMAP_THRESHOLD, own_mapping_from);
    mallopt(M_TRIM_THRESHOLD, kept_at_the_end);
}

SpareMemory::SpareMemory(uv_loop_t& loop, std::chrono::milliseconds delay, std::function<void()> give_back)
    : delay_(delay), give_back_(std::move(give_back)), timer_(loop, [this] {
          give_back_();
          start_if_many(); // have been held meanwhile, and are perhaps still
      }) {}

void SpareMemory::held(size_t bytes) {
    held_ += bytes;
    if (!timer_.started()) start_if_many();
}

void SpareMemory::start_if_many() {
    if (held_ < many_bytes) return;
    held_ = 0;
    timer_.start(delay_);
}

} // namespace kafka::net
