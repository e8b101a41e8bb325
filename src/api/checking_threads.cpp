// See checking_threads.h.
#include "api/checking_threads.h"

#include <sys/resource.h>

#include <utility>

namespace kafka::api {
namespace {

/// Lets the threads that serve everybody go first where there are not cores for all. On Linux this is the thread's alone.
void yield_to_others() {
#ifdef __linux__
    constexpr int low_priority = 10;
    setpriority(PRIO_PROCESS, 0, low_priority); // should it fail, the thread is as the others are
#endif
}

} // namespace

class CheckingThreads::HoldBack {
public:
    explicit HoldBack(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) { add(1); }
    ~HoldBack() { add(-1); }
    HoldBack(const HoldBack&) = delete;
    HoldBack& operator=(const HoldBack&) = delete;

private:
    void add(int holders) {
        const std::lock_guard lock(shared_->mutex);
        shared_->held_back += holders;
        shared_->changed.notify_all();
    }
    const std::shared_ptr<Shared> shared_;
};

bool CheckingThreads::must_wait(uint64_t connection) const {
    const std::lock_guard lock(shared_->mutex);
    return stop_.stop_requested() || works_.contains(connection);
}

void CheckingThreads::start() {
    if (!quick_.joinable()) quick_ = std::thread([this] { run(Effort::some, untried_); });
    if (!thorough_.joinable()) thorough_ = std::thread([this] { run(Effort::any, too_much_); });
}

void CheckingThreads::add(uint64_t connection, Work work) {
    {
        const std::lock_guard lock(shared_->mutex);
        if (!stop_.stop_requested()) {
            start();
            Connections next{connection}; // made first: from here on nothing fails half-way
            Works fresh;
            fresh.push_back(std::move(work));
            const auto [works, is_first] = works_.try_emplace(connection, std::move(fresh));
            if (!is_first) return works->second.push_back(std::move(fresh.front()));
            untried_.splice(untried_.end(), next);
            return shared_->changed.notify_all();
        }
    }
    work(Effort::some, stop_.get_token());
}

std::shared_ptr<void> CheckingThreads::hold_back() { return std::make_shared<HoldBack>(shared_); }

void CheckingThreads::stop() {
    {
        const std::lock_guard lock(shared_->mutex);
        stop_.request_stop();
        shared_->changed.notify_all();
    }
    if (quick_.joinable()) quick_.join();
    if (thorough_.joinable()) thorough_.join();
    for (auto& [connection, works] : works_)
        for (Work& work : works) work(Effort::some, stop_.get_token());
    works_.clear();
}

bool CheckingThreads::may_begin(Effort effort, const Connections& waiting) const {
    return !waiting.empty() && !(effort == Effort::any && shared_->held_back > 0);
}

void CheckingThreads::run(Effort effort, Connections& waiting) {
    if (effort == Effort::any) yield_to_others();
    const std::stop_token stop = stop_.get_token();
    for (;;) {
        std::unique_lock lock(shared_->mutex);
        shared_->changed.wait(lock, [&] { return stop.stop_requested() || may_begin(effort, waiting); });
        if (stop.stop_requested()) return;
        Connections mine;
        mine.splice(mine.end(), waiting, waiting.begin());
        Work& work = works_.at(mine.front()).front(); // stays where it is while others are added behind it
        lock.unlock();
        const bool done = work(effort, stop);
        if (done) work = nullptr; // its memory is free before the connection's next request is looked at
        finished(std::move(mine), done);
    }
}

void CheckingThreads::finished(Connections&& connection, bool done) {
    const std::lock_guard lock(shared_->mutex);
    const auto works = works_.find(connection.front());
    if (done) works->second.pop_front();
    if (works->second.empty()) {
        works_.erase(works);
    } else {
        Connections& next = done ? untried_ : too_much_;
        next.splice(next.end(), connection);
    }
    shared_->changed.notify_all();
}

} // namespace kafka::api
