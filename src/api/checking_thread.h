// A thread for requests that the net thread would be held up by. One after the other, in the order they came.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace kafka::api {

class CheckingThread {
public:
    ~CheckingThread() { stop(); }

    /// True if work for this connection is not done yet.
    bool has(uint64_t connection) const;
    /// Does the work, behind all that was added before. What it throws is lost. Starts the thread if this is the first work; the
    /// thread sees the signals that the caller sees. Throws std::system_error if there can be no thread.
    void add(uint64_t connection, std::function<void()> work);
    /// Waits for the work that is being done; drops the rest, and all that is added later.
    void stop();

private:
    struct Work {
        uint64_t connection;
        std::function<void()> run;
    };
    void run();
    void done(uint64_t connection);

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Work> queue_;                     ///< not begun yet
    std::unordered_map<uint64_t, size_t> works_; ///< by connection, the one that is being done included
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace kafka::api
