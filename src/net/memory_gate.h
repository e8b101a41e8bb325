// Decides which connections may read while the memory for requests is short. Net thread.
//
// As long as the budget has room, everybody reads. Once it is exhausted a connection that wants to read
// *starves*: its socket is left alone until memory is released, so that TCP slows its client down. Unfinished
// frames could then hold all memory and wait for each other for ever; therefore
//   - one frame at a time, the *overdraft*, may be read to its end beyond the limit, and keeps that right
//   until it has
//     been answered: something always gets finished. So memory is bounded by the limit plus about two
//     requests of the largest size (one overdrawn, one that doubled its memory as the limit was reached);
//   - while anybody starves, a client that leaves a request unfinished and sends nothing for max_stall is
//     disconnected: holding memory and then keeping still blocks nobody for longer than that. (One that keeps
//     trickling is met by connections.max.idle.ms, which counts from the last whole request.)
#pragma once
#include "net/connection_list.h"
#include "net/memory_budget.h"
#include "net/timer.h"
#include "net/waker.h"

#include <memory>

namespace kafka::net {

class Frame;

class MemoryGate {
public:
    /// `waker` is woken when memory was released while somebody starves; then call memory_released(). `used` is where the
    /// budget counts.
    MemoryGate(uv_loop_t& loop, int64_t limit, Milliseconds max_stall, std::shared_ptr<Waker> waker,
               std::shared_ptr<std::atomic<int64_t>> used);
    /// New limits; follow with memory_released().
    void set_limits(int64_t bytes, Milliseconds max_stall);

    const std::shared_ptr<MemoryBudget>& budget() const { return budget_; }
    bool may_read(const Connection& connection) const;
    /// This connection has stopped reading; its resume_reading() is called when it may go on.
    void starve(Connection& connection);
    void memory_released();
    /// Bytes came and the connection is now within a frame, or no longer is.
    void progressed(Connection& connection);
    void close() { check_.close(); }

private:
    bool anybody_starves() const { return !starving_.empty() || !starving_within_a_frame_.empty(); }
    bool overdraft_taken() const;
    void grant_overdraft();
    void await_release();
    void resume_all();
    void resume(Connection& connection);
    void check();
    void close_stalled();

    uv_loop_t& loop_;
    Milliseconds max_stall_;
    std::shared_ptr<Waker> waker_;
    std::shared_ptr<MemoryBudget> budget_;
    ConnectionList starving_; // between frames
    ConnectionList starving_within_a_frame_;
    ConnectionList unfinished_; // within a frame and free to read; longest without a byte first
    std::weak_ptr<const Frame> overdraft_;
    Timer check_; // runs while anybody starves
};

} // namespace kafka::net
