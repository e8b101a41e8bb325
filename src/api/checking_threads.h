// Two threads for work that the net thread would be held up by. Each work is first tried by the quick thread, which does no
// more of it than others may wait for; what turns out to be more is left to the thorough thread. So whoever has little work waits
// for little work only, whatever others send.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <unordered_map>

namespace kafka::api {

/// How much of a work is done before it is left to another thread.
enum class Effort {
    little, ///< what the net thread may do: some milliseconds
    some,   ///< what the quick thread may do: some ten milliseconds
    any,    ///< the thorough thread's
};

class CheckingThreads {
public:
    /// Called with Effort::some, and with Effort::any if it has returned false: it was too much. Once the token is asked to stop
    /// it gives up; work that is not begun by then is called once more to do so. Must not throw.
    using Work = std::function<bool(Effort, const std::stop_token&)>;

    ~CheckingThreads() { stop(); }

    /// True if work for this connection is not done yet, or none is done any more.
    bool must_wait(uint64_t connection) const;
    /// Does the work after all that was added for the connection before; connections take turns. Starts the threads if this is
    /// the first work; they see the signals that the caller sees. Throws std::system_error if there can be no thread.
    void add(uint64_t connection, Work work);
    /// A right to keep much memory that was made by thorough work: while somebody holds it, no other such work is begun.
    std::shared_ptr<void> hold_back();
    /// Ends the threads. Nothing is done after this but giving up.
    void stop();

private:
    using Works = std::deque<Work>;
    using Connections = std::list<uint64_t>; ///< passed on without a need for memory
    struct Shared {
        std::mutex mutex;
        std::condition_variable changed;
        int held_back = 0;
    };
    class HoldBack;
    void start();
    void run(Effort effort, Connections& waiting);
    bool may_begin(Effort effort, const Connections& waiting) const;
    void finished(Connections&& connection, bool done);

    /// Outlives this for those who hold back.
    const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
    std::unordered_map<uint64_t, Works> works_; ///< of each connection, the first of them perhaps being done
    Connections untried_, too_much_; ///< whose first work waits for the quick, for the thorough thread
    std::stop_source stop_;
    std::thread quick_, thorough_;
};

} // namespace kafka::api
