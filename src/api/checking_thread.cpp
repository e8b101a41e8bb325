// See checking_thread.h.
#include "api/checking_thread.h"

#include <utility>

namespace kafka::api {

bool CheckingThread::has(uint64_t connection) const {
    const std::lock_guard lock(mutex_);
    return works_.contains(connection);
}

void CheckingThread::add(uint64_t connection, std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    queue_.push_back({connection, std::move(work)});
    works_[connection]++;
    changed_.notify_one();
}

void CheckingThread::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    queue_.clear();
}

void CheckingThread::run() {
    for (;;) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (stopping_) return;
        Work work = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        try {
            work.run();
        } catch (...) { // there is no memory even to say so; the client will ask again
        }
        work.run = nullptr; // its memory is free before the connection's next request is looked at
        done(work.connection);
    }
}

void CheckingThread::done(uint64_t connection) {
    const std::lock_guard lock(mutex_);
    const auto works = works_.find(connection);
    if (--works->second == 0) works_.erase(works);
}

} // namespace kafka::api
