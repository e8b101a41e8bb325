// Cutting a stream into frames, and what frames take of the memory for requests.
#include "net/frame_reader.h"
#include "test.h"

#include <string>

using namespace kafka;
using Status = net::FrameReader::Status;

namespace {

constexpr int64_t max_size = 1 << 20;

struct Stream {
    std::shared_ptr<net::MemoryBudget> budget = std::make_shared<net::MemoryBudget>(int64_t(1) << 30, [] {});
    net::FrameReader reader;

    Status read(wire::View& input) { return reader.read(input, max_size, budget); }
    Status read_all(const std::string& bytes) {
        wire::View input = bytes;
        return read(input);
    }
};

std::string size_field(int32_t size) {
    wire::Writer out;
    out.big(size);
    return out.out;
}

} // namespace

TEST("frame: bytes behind a complete frame are left for the next one") {
    Stream stream;
    const std::string bytes = size_field(3) + "abc" + size_field(2) + "de" + size_field(9) + "f";
    wire::View input = bytes;
    CHECK_EQ(stream.read(input), Status::complete);
    const std::shared_ptr<net::Frame> first = stream.reader.take_frame();
    CHECK_EQ(first->view(), "abc");
    CHECK_EQ(stream.read(input), Status::complete);
    const std::shared_ptr<net::Frame> second = stream.reader.take_frame();
    CHECK_EQ(second->view(), "de");
    CHECK_EQ(stream.read(input), Status::need_more);
    CHECK(input.empty());
    CHECK_EQ(stream.reader.unfinished()->view(), "f");
}

TEST("frame: an empty frame is complete with its size field") {
    Stream stream;
    CHECK_EQ(stream.read_all(size_field(0)), Status::complete);
    CHECK_EQ(stream.reader.take_frame()->size(), 0u);
}

TEST("frame: sizes below zero and above the limit are refused, the limit itself is not") {
    CHECK_EQ(Stream().read_all(size_field(-1)), Status::bad_size);
    CHECK_EQ(Stream().read_all(size_field(INT32_MIN)), Status::bad_size);
    CHECK_EQ(Stream().read_all(size_field(max_size + 1)), Status::bad_size);
    CHECK_EQ(Stream().read_all(size_field(max_size)), Status::need_more);
}

TEST("frame: memory follows the bytes that came, at most twofold") {
    Stream stream;
    stream.read_all(size_field(max_size));
    CHECK(stream.budget->used() < 1024);
    for (int64_t sent = 0; sent + 100 < max_size; sent += 100) {
        stream.read_all(std::string(100, 'x'));
        CHECK(stream.budget->used() <= std::max<int64_t>(2 * (sent + 100), 1024) + 512);
    }
    CHECK_EQ(stream.read_all(std::string(max_size, 'x')), Status::complete);
    CHECK(stream.budget->used() < max_size + 512);
}

TEST("frame: a large rest can be read in place") {
    Stream stream;
    stream.read_all(size_field(100'000) + "abc");
    net::Frame& frame = *stream.reader.unfinished();
    while (!frame.complete()) {
        const std::span<char> room = frame.room();
        CHECK(!room.empty() && room.size() <= frame.missing());
        std::fill(room.begin(), room.end(), 'z');
        frame.filled(room.size());
    }
    CHECK_EQ(frame.view(), "abc" + std::string(99'997, 'z'));
}

TEST("frame: the budget is given back once, by release or by the frame's end") {
    Stream stream;
    stream.read_all(size_field(5) + "abcde");
    std::shared_ptr<net::Frame> frame = stream.reader.take_frame();
    CHECK(stream.budget->used() > 0);
    frame->release_budget();
    CHECK_EQ(stream.budget->used(), 0);
    CHECK(frame->budget_released());
    frame->release_budget();
    frame = nullptr;
    CHECK_EQ(stream.budget->used(), 0);
    stream.read_all(size_field(5) + "ab");
    CHECK(stream.budget->used() > 0);
    stream.reader = {};
    CHECK_EQ(stream.budget->used(), 0);
}

TEST("frame: a charge that is moved over lets go of the one before") {
    Stream stream;
    stream.read_all(size_field(1) + "a");
    const std::shared_ptr<net::Frame> first = stream.reader.take_frame();
    stream.read_all(size_field(1) + "b");
    const std::shared_ptr<net::Frame> second = stream.reader.take_frame();
    {
        net::BudgetCharge charge(first);
        charge = net::BudgetCharge(second);
        CHECK(first->budget_released());
        CHECK(!second->budget_released());
    }
    CHECK(second->budget_released());
}

TEST("budget: whoever waits is woken once, by the next release") {
    int woken = 0;
    net::MemoryBudget budget(100, [&] { woken++; });
    budget.charge(100);
    CHECK(budget.exhausted());
    budget.release(10);
    CHECK_EQ(woken, 0);
    budget.want_wakeup();
    budget.release(10);
    budget.release(10);
    CHECK_EQ(woken, 1);
    CHECK(!budget.exhausted());
    CHECK_EQ(budget.used(), 70);
}
