// The checking thread: the order of work, and whose work is not done yet.
#include "api/checking_thread.h"
#include "test.h"

#include <future>

using namespace kafka;

namespace {

/// Work that waits until it is let go.
struct Held {
    std::promise<void> begun, let_go;
    std::function<void()> work() {
        return [this] {
            begun.set_value();
            let_go.get_future().wait();
        };
    }
};

} // namespace

TEST("checking thread: work is done in the order it came, and known of until then") {
    api::CheckingThread thread;
    Held held;
    std::vector<int> done;
    std::promise<void> last;
    thread.add(1, held.work());
    thread.add(2, [&] { done.push_back(2); });
    thread.add(1, [&] { done.push_back(1); });
    thread.add(3, [&] { last.set_value(); });
    held.begun.get_future().wait();
    CHECK(thread.has(1) && thread.has(2) && !thread.has(4));
    held.let_go.set_value();
    last.get_future().wait();
    CHECK((done == std::vector{2, 1}));
    CHECK(!thread.has(1) && !thread.has(2));
}

TEST("checking thread: it survives work that throws") {
    api::CheckingThread thread;
    std::promise<void> last;
    thread.add(1, [] { throw std::bad_alloc(); });
    thread.add(2, [&] { last.set_value(); });
    last.get_future().wait();
    CHECK(!thread.has(1));
}

TEST("checking thread: stopping waits for the work being done and drops the rest") {
    api::CheckingThread thread;
    Held held;
    bool dropped = true;
    thread.add(1, held.work());
    thread.add(1, [&] { dropped = false; });
    held.begun.get_future().wait();
    std::thread stopper([&] { thread.stop(); });
    for (uint64_t connection = 2;; connection++) { // until it has begun to stop, and takes no more
        thread.add(connection, [] {});
        if (!thread.has(connection)) break;
    }
    held.let_go.set_value();
    stopper.join();
    CHECK(dropped);
}
