// net::SpareMemory: when memory is given back to the system.
#include "net/spare_memory.h"
#include "test.h"

#include <thread>

using namespace kafka;
using namespace std::chrono_literals;

namespace {

constexpr size_t mib = 1 << 20;

/// One on a loop of its own, that waits for milliseconds instead of seconds and counts.
struct Fixture {
    ~Fixture() {
        spare.close();
        uv_run(&loop, UV_RUN_DEFAULT);
        uv_loop_close(&loop);
    }
    bool waiting() { return uv_loop_alive(&loop) != 0; }
    void wait() { uv_run(&loop, UV_RUN_DEFAULT); }

    uv_loop_t loop{};
    const int initialized = uv_loop_init(&loop);
    int given_back = 0;
    net::SpareMemory spare{loop, 30ms, [this] { given_back++; }};
};

} // namespace

TEST("spare memory: is given back once, some time after much has been held") {
    Fixture f;
    f.spare.held(100 * mib);
    CHECK(f.waiting());
    CHECK_EQ(f.given_back, 0);
    f.wait();
    CHECK_EQ(f.given_back, 1);
    CHECK(!f.waiting());
}

TEST("spare memory: is given back although large messages go on coming") {
    Fixture f;
    for (int i = 0; i < 2000 && f.given_back < 3; i++) {
        f.spare.held(8 * mib);
        std::this_thread::sleep_for(1ms);
        uv_run(&f.loop, UV_RUN_NOWAIT);
    }
    CHECK_EQ(f.given_back, 3);
}

TEST("spare memory: many messages of moderate size are as good as a large one") {
    Fixture f;
    for (int i = 0; i < 10; i++) f.spare.held(mib - 1);
    CHECK(f.waiting());
    f.wait();
    CHECK_EQ(f.given_back, 1);
}

TEST("spare memory: what comes shortly before may stay for longer, and is given back the next time") {
    Fixture f;
    f.spare.held(100 * mib);
    f.spare.held(100 * mib);
    f.wait();
    CHECK_EQ(f.given_back, 2);
}

TEST("spare memory: a little is not worth it, and is counted from the last time on") {
    Fixture f;
    f.spare.held(mib);
    CHECK(!f.waiting());
    f.spare.held(100 * mib);
    f.wait();
    f.spare.held(mib);
    CHECK(!f.waiting());
    CHECK_EQ(f.given_back, 1);
}
