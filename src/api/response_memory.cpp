// The memory of record batches in responses. See response_memory.h.
#include "api/response_memory.h"

#include "pg/process.h"

namespace kafka::api {
namespace {

/// What the last slice of a response refers to: its own bytes, and the charge for all of them.
struct ChargedOwner {
    ChargedOwner(std::shared_ptr<const void> of_slice, std::atomic<int64_t>& used, size_t charge,
                 std::shared_ptr<std::atomic<bool>> wanted)
        : owner(std::move(of_slice)), total(used), bytes(int64_t(charge)), wakeup_wanted(std::move(wanted)) {
        total += bytes;
    }
    ~ChargedOwner() {
        owner.reset(); // before others may take as much
        total -= bytes;
        if (wakeup_wanted->exchange(false)) pg::wake_main();
    }
    ChargedOwner(const ChargedOwner&) = delete;
    ChargedOwner& operator=(const ChargedOwner&) = delete;

    std::shared_ptr<const void> owner;
    std::atomic<int64_t>& total;
    int64_t bytes;
    std::shared_ptr<std::atomic<bool>> wakeup_wanted;
};

} // namespace

void ResponseMemory::charge(wire::Slice& last, size_t bytes) {
    last.owner = std::make_shared<const ChargedOwner>(last.owner, used_, bytes, wakeup_wanted_);
}

} // namespace kafka::api
