// Decides which connections may read while the memory for requests is short. See memory_gate.h.
#include "net/memory_gate.h"

#include "net/connection.h"

#include <algorithm>

namespace kafka::net {
namespace {

constexpr Milliseconds longest_check_interval{1'000};

} // namespace

MemoryGate::MemoryGate(uv_loop_t& loop, int64_t limit, Milliseconds max_stall, std::shared_ptr<Waker> waker,
                       std::shared_ptr<std::atomic<int64_t>> used)
    : loop_(loop), max_stall_(max_stall), waker_(std::move(waker)),
      budget_(std::make_shared<MemoryBudget>(
          limit, [waker = waker_] { waker->wake(); }, std::move(used))),
      check_(loop, [this] { check(); }) {}

void MemoryGate::set_limits(int64_t bytes, Milliseconds max_stall) {
    budget_->set_limit(bytes);
    max_stall_ = max_stall;
}

bool MemoryGate::may_read(const Connection& connection) const {
    if (!budget_->exhausted()) return true;
    const std::shared_ptr<const Frame> frame = overdraft_.lock();
    return frame && frame == connection.unfinished_frame();
}

void MemoryGate::starve(Connection& connection) {
    connection.places().unfinished.leave();
    ConnectionList& list = connection.unfinished_frame() ? starving_within_a_frame_ : starving_;
    list.join(connection.places().starving, Milliseconds(uv_now(&loop_)));
    if (!check_.started()) check_.start(std::min(max_stall_, longest_check_interval));
    grant_overdraft();
    await_release();
}

void MemoryGate::memory_released() {
    if (budget_->exhausted())
        grant_overdraft();
    else
        resume_all();
    await_release();
}

void MemoryGate::await_release() {
    if (!anybody_starves()) return;
    budget_->want_wakeup();
    if (!budget_->exhausted()) waker_->wake(); // released before we asked
}

void MemoryGate::progressed(Connection& connection) {
    ListPlace& place = connection.places().unfinished;
    if (connection.unfinished_frame())
        unfinished_.join(place, Milliseconds(uv_now(&loop_)));
    else
        place.leave();
}

bool MemoryGate::overdraft_taken() const {
    const std::shared_ptr<const Frame> frame = overdraft_.lock();
    return frame && !frame->budget_released();
}

// To the connection that starves longest within a frame. Not to one with requests before this one: behind a
// long poll the overdraft would be held for as long as that lasts.
void MemoryGate::grant_overdraft() {
    if (overdraft_taken()) return;
    ConnectionList& candidates = starving_within_a_frame_;
    for (ListPlace* place = candidates.first(); place; place = candidates.after(*place)) {
        Connection& connection = place->connection();
        if (connection.has_requests()) continue;
        overdraft_ = connection.unfinished_frame();
        return resume(connection);
    }
}

// Each only starts to watch its socket here; reading, and perhaps starving again, comes later.
void MemoryGate::resume_all() {
    while (ListPlace* place = starving_within_a_frame_.first()) resume(place->connection());
    while (ListPlace* place = starving_.first()) resume(place->connection());
}

void MemoryGate::resume(Connection& connection) {
    connection.places().starving.leave();
    progressed(connection);
    connection.resume_reading();
}

void MemoryGate::check() {
    if (!anybody_starves()) return;
    close_stalled();
    grant_overdraft(); // to one whose earlier requests were answered meanwhile
    await_release();
    check_.start(std::min(max_stall_, longest_check_interval));
}

// A connection with requests before the unfinished one may be unread because of them: it is not to blame.
void MemoryGate::close_stalled() {
    const Milliseconds now(uv_now(&loop_));
    while (ListPlace* place = unfinished_.first()) {
        if (place->since() + max_stall_ > now) break;
        if (place->connection().has_requests())
            unfinished_.join(*place, now);
        else
            place->connection().close_for_client_error(
                "The client left a request unfinished while the memory for requests was used up.");
    }
}

} // namespace kafka::net
