// Gives memory back to the system. See spare_memory.h.
#include "net/spare_memory.h"

#include <malloc.h>

namespace kafka::net {
namespace {

constexpr size_t large = 1 << 20;
constexpr std::chrono::seconds quiet_time{3}; // giving back costs milliseconds: not while more may come

// The allocator would learn from the first large blocks that are freed to keep up to 64 MB at the end of each heap.
constexpr int own_mapping_from = 4 << 20, kept_at_the_end = 32 << 20;

} // namespace

SpareMemory::SpareMemory(uv_loop_t& loop) : quiet_(loop, [] { malloc_trim(0); }) {
    mallopt(M_MMAP_THRESHOLD, own_mapping_from);
    mallopt(M_TRIM_THRESHOLD, kept_at_the_end);
}

void SpareMemory::held(size_t bytes) {
    if (bytes >= large) quiet_.start(quiet_time);
}

} // namespace kafka::net
