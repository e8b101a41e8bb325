// The checking threads: the order of work, whose work is not done yet, who waits for whom. What work uses stands before the threads,
// which end last of all but that.
#include "api/checking_threads.h"
#include "test.h"

#include <atomic>
#include <future>
#include <thread>

using namespace kafka;
using api::CheckingThreads, api::Effort;

namespace {

/// Work of one thread that waits until it is let go. The quick thread leaves it to the other if it is `thorough`.
struct Held {
    bool thorough = false;
    std::promise<void> begun = {}, let_go = {};
    CheckingThreads::Work work() {
        return [this](Effort effort, auto&) {
            if (thorough && effort != Effort::any) return false;
            begun.set_value();
            let_go.get_future().wait();
            return true;
        };
    }
    void wait_until_begun() { begun.get_future().wait(); }
};

CheckingThreads::Work short_work(std::function<void()> body) {
    return [body = std::move(body)](auto, auto&) {
        body();
        return true;
    };
}

CheckingThreads::Work long_work(std::function<void()> body) {
    return [body = std::move(body)](Effort effort, auto&) {
        if (effort == Effort::any) body();
        return effort == Effort::any;
    };
}

void wait_until(std::function<bool()> holds) {
    while (!holds()) std::this_thread::yield();
}

} // namespace

TEST("checking threads: a connection's work is done in the order it came, and known of until then") {
    Held held{.thorough = true};
    std::vector<int> done;
    std::promise<void> last;
    CheckingThreads threads;
    threads.add(1, held.work());
    threads.add(1, short_work([&] { done.push_back(1); }));
    threads.add(1, long_work([&] { done.push_back(2); }));
    threads.add(1, short_work([&] { done.push_back(3), last.set_value(); }));
    held.wait_until_begun();
    CHECK(threads.must_wait(1) && !threads.must_wait(2));
    CHECK(done.empty());
    held.let_go.set_value();
    last.get_future().wait();
    CHECK((done == std::vector{1, 2, 3}));
    wait_until([&] { return !threads.must_wait(1); });
}

TEST("checking threads: little work does not wait for much work of others") {
    Held held{.thorough = true};
    std::promise<void> done;
    CheckingThreads threads;
    threads.add(1, held.work());
    held.wait_until_begun();
    threads.add(2, short_work([&] { done.set_value(); }));
    done.get_future().wait();
    CHECK(threads.must_wait(1));
    held.let_go.set_value();
}

TEST("checking threads: connections take turns at much work") {
    Held held{.thorough = true};
    std::vector<int> order;
    std::promise<void> last, tried;
    CheckingThreads threads;
    threads.add(1, held.work());
    held.wait_until_begun();
    for (int i = 0; i < 3; i++)
        threads.add(
            1, long_work([&, i] { i < 2 ? order.push_back(1) : (order.push_back(1), last.set_value()); }));
    threads.add(2, long_work([&] { order.push_back(2); }));
    threads.add(3, short_work([&] {
                    tried.set_value();
                })); // by then the quick thread has left that of 2 to the other
    tried.get_future().wait();
    held.let_go.set_value();
    last.get_future().wait();
    CHECK((order == std::vector{2, 1, 1, 1}));
}

TEST("checking threads: no more much work is begun while somebody holds it back") {
    std::atomic<bool> done = false;
    std::promise<void> tried;
    CheckingThreads threads;
    std::shared_ptr<void> held = threads.hold_back(), twice = threads.hold_back();
    threads.add(1, long_work([&] { done = true; }));
    threads.add(2, short_work([&] { tried.set_value(); }));
    tried.get_future().wait();
    held.reset();
    CHECK(!done);
    twice.reset();
    wait_until([&] { return done.load(); });
}

TEST("checking threads: holding back may end after they have") {
    std::shared_ptr<void> held;
    {
        CheckingThreads threads;
        held = threads.hold_back();
        threads.add(1, long_work([] {}));
    }
    held.reset();
}

TEST("checking threads: stopping tells the work being done, and the rest, to give up") {
    std::promise<void> begun;
    std::atomic<int> gave_up = 0;
    CheckingThreads threads;
    const auto give_up = [&](Effort, const std::stop_token& stop) {
        gave_up += stop.stop_requested();
        return true;
    };
    threads.add(1, [&](Effort effort, const std::stop_token& stop) {
        if (effort != Effort::any) return false;
        begun.set_value();
        wait_until([&] { return stop.stop_requested(); });
        gave_up++;
        return true;
    });
    threads.add(1, give_up);
    begun.get_future().wait();
    threads.stop();
    CHECK_EQ(gave_up.load(), 2);
    CHECK(threads.must_wait(1) && threads.must_wait(2));
    threads.add(2, give_up);
    CHECK_EQ(gave_up.load(), 3);
}
