// The tail cache: which batches a consumer that keeps up gets from memory, and how the bound holds.
#include "log/tail_cache.h"
#include "test.h"

using namespace kafka;

namespace {

/// A batch of `count` records from `base` on, with bytes of its own.
log::CachedBatch batch(int64_t base, int count, size_t size) {
    const auto bytes = std::make_shared<std::string>(size, 'x');
    return {base, base + count - 1, {bytes, *bytes}};
}

std::shared_ptr<log::Tail> tail() { return std::make_shared<log::Tail>(); }

/// What one batch of this size counts for.
size_t charge_of(size_t size) {
    log::TailCache cache(1 << 20);
    cache.put(tail(), batch(0, 1, size));
    return cache.bytes();
}

constexpr size_t plenty = 1 << 20;

} // namespace

TEST("a tail covers what is from its first batch on") {
    log::TailCache cache(plenty);
    const auto t = tail();
    CHECK(!t->covers(0));
    cache.put(t, batch(10, 5, 100));
    cache.put(t, batch(15, 5, 100));
    CHECK(!t->covers(9));
    CHECK(t->covers(10));
    CHECK(t->covers(19));
}

TEST("reading begins with the batch that holds the offset") {
    log::TailCache cache(plenty);
    const auto t = tail();
    cache.put(t, batch(10, 5, 100));
    cache.put(t, batch(15, 5, 200));
    cache.put(t, batch(20, 1, 300));
    const log::BatchRun all = t->read(12, plenty, false);
    CHECK_EQ(all.slices.size(), size_t(3));
    CHECK_EQ(all.bytes, size_t(600));
    CHECK_EQ(all.next_offset, int64_t(21));
    const log::BatchRun later = t->read(15, plenty, false);
    CHECK_EQ(later.slices.size(), size_t(2));
    CHECK_EQ(later.slices[0].data.size(), size_t(200));
}

TEST("nothing is read before the first batch nor past the last") {
    log::TailCache cache(plenty);
    const auto t = tail();
    cache.put(t, batch(10, 5, 100));
    for (const int64_t offset : {int64_t(9), int64_t(15), int64_t(1000)}) {
        const log::BatchRun run = t->read(offset, plenty, true);
        CHECK(run.slices.empty());
        CHECK_EQ(run.next_offset, int64_t(-1));
    }
}

TEST("whole batches are read up to the limit, and the first one beyond it if asked") {
    log::TailCache cache(plenty);
    const auto t = tail();
    for (int64_t base = 0; base < 3; base++) cache.put(t, batch(base, 1, 100));
    CHECK_EQ(t->read(0, 200, false).slices.size(), size_t(2));
    CHECK_EQ(t->read(0, 299, false).slices.size(), size_t(2));
    CHECK_EQ(t->read(0, 99, false).slices.size(), size_t(0));
    const log::BatchRun one = t->read(0, 99, true);
    CHECK_EQ(one.slices.size(), size_t(1));
    CHECK_EQ(one.bytes, size_t(100));
    CHECK_EQ(one.next_offset, int64_t(1));
    CHECK_EQ(t->read(0, 0, true).slices.size(), size_t(1));
}

TEST("a reader keeps the bytes alive after they have left the cache") {
    log::TailCache cache(plenty);
    const auto t = tail();
    cache.put(t, batch(0, 1, 100));
    const log::BatchRun run = t->read(0, plenty, false);
    cache.resize(0);
    CHECK(!t->covers(0));
    CHECK_EQ(run.slices[0].data, std::string(100, 'x'));
}

TEST("the oldest batch of all partitions goes first") {
    const size_t each = charge_of(100);
    log::TailCache cache(3 * each);
    const auto a = tail(), b = tail();
    cache.put(a, batch(0, 1, 100));
    cache.put(b, batch(0, 1, 100));
    cache.put(a, batch(1, 1, 100));
    CHECK(a->covers(0));
    cache.put(b, batch(1, 1, 100));
    CHECK(!a->covers(0));
    CHECK(a->covers(1));
    CHECK(b->covers(0));
    cache.put(a, batch(2, 1, 100));
    CHECK(!b->covers(0));
    CHECK(b->covers(1));
    CHECK_EQ(cache.bytes(), 3 * each);
}

TEST("a batch counts for more than its bytes, so that small ones are bounded too") {
    CHECK(charge_of(0) > 0);
    CHECK_EQ(charge_of(1000) - charge_of(0), size_t(1000));
}

TEST("a batch larger than the whole cache is not kept") {
    log::TailCache cache(1000);
    const auto t = tail();
    cache.put(t, batch(0, 1, 100));
    cache.put(t, batch(1, 1, 5000));
    CHECK_EQ(cache.bytes(), size_t(0));
    CHECK(!t->covers(1));
    cache.put(t, batch(2, 1, 100));
    CHECK(t->covers(2));
}

TEST("a cache of no bytes keeps nothing") {
    log::TailCache cache(0);
    const auto t = tail();
    cache.put(t, batch(0, 1, 1));
    CHECK(!t->covers(0));
    CHECK_EQ(cache.bytes(), size_t(0));
}

TEST("a smaller bound takes effect at once") {
    log::TailCache cache(plenty);
    const auto t = tail();
    for (int64_t base = 0; base < 10; base++) cache.put(t, batch(base, 1, 100));
    cache.resize(2 * charge_of(100));
    CHECK(!t->covers(7));
    CHECK(t->covers(8));
}

TEST("a dropped partition gives its bytes back, and the others stay in order") {
    const size_t each = charge_of(100);
    log::TailCache cache(plenty);
    const auto gone = tail(), kept = tail();
    cache.put(kept, batch(0, 1, 100));
    for (int64_t base = 0; base < 5; base++) cache.put(gone, batch(base, 1, 100));
    cache.put(kept, batch(1, 1, 100));
    cache.drop(*gone);
    CHECK_EQ(cache.bytes(), 2 * each);
    CHECK(!gone->covers(4));
    cache.resize(each);
    CHECK(!kept->covers(0));
    CHECK(kept->covers(1));
}

TEST("dropped partitions do not pile up in a cache that is never full") {
    log::TailCache cache(plenty);
    const auto kept = tail();
    cache.put(kept, batch(0, 1, 100));
    std::weak_ptr<log::Tail> first;
    for (int i = 0; i < 100; i++) {
        const auto brief = tail();
        if (i == 0) first = brief;
        for (int64_t base = 0; base < 3; base++) cache.put(brief, batch(base, 1, 100));
        cache.drop(*brief);
    }
    CHECK(first.expired());
    CHECK_EQ(cache.bytes(), charge_of(100));
    CHECK(kept->covers(0));
}

TEST("what is left of dropped partitions does not count when the cache is full") {
    const size_t each = charge_of(100);
    log::TailCache cache(4 * each);
    const auto gone = tail(), kept = tail();
    cache.put(gone, batch(0, 1, 100));
    for (int64_t base = 0; base < 3; base++) cache.put(kept, batch(base, 1, 100));
    cache.drop(*gone);
    cache.put(kept, batch(3, 1, 100));
    CHECK(kept->covers(0));
    cache.put(kept, batch(4, 1, 100));
    CHECK(!kept->covers(0));
    CHECK(kept->covers(1));
    CHECK_EQ(cache.bytes(), 4 * each);
}
