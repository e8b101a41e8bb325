// Mailboxes between threads.
#include "net/mailbox.h"
#include "test.h"

#include <atomic>
#include <memory>
#include <thread>

using kafka::net::Mailbox;

TEST("mailbox: only the first post into an empty mailbox asks for a wake-up") {
    Mailbox<int> mailbox;
    CHECK(mailbox.post(1));
    CHECK(!mailbox.post(2));
    CHECK(!mailbox.post(std::vector<int>{3, 4}));
    CHECK(mailbox.take() == (std::vector<int>{1, 2, 3, 4}));
    CHECK(mailbox.take().empty());
    CHECK(!mailbox.post(std::vector<int>{}));
    CHECK(mailbox.post(std::vector<int>{5}));
}

TEST("mailbox: a reader that naps is not woken for what can wait") {
    Mailbox<int> mailbox;
    CHECK(mailbox.post(1, true));
    CHECK(!mailbox.nap());
    CHECK(!mailbox.post(2, true));
    CHECK(mailbox.take() == (std::vector<int>{1, 2}));
    CHECK(mailbox.nap());
    CHECK(!mailbox.post(3, true));
    CHECK(mailbox.post(4));
    CHECK(!mailbox.post(5));
    CHECK(mailbox.take() == (std::vector<int>{3, 4, 5}));
    CHECK(mailbox.post(6, true));
}

TEST("mailbox: messages of several threads all arrive, each thread's in order") {
    Mailbox<std::unique_ptr<int>> mailbox;
    constexpr int threads = 4, each = 1000;
    std::vector<std::thread> posters;
    for (int t = 0; t < threads; t++)
        posters.emplace_back([&mailbox, t] {
            for (int i = 0; i < each; i++) mailbox.post(std::make_unique<int>(t * each + i));
        });
    std::vector<int> next(threads, 0);
    for (int taken = 0; taken < threads * each;) {
        for (const auto& message : mailbox.take()) {
            const int from = *message / each;
            CHECK_EQ(*message % each, next[size_t(from)]++);
            taken++;
        }
    }
    for (std::thread& poster : posters) poster.join();
}
