// Times in buckets: what percentiles come out of them.
#include "status/histogram.h"
#include "test.h"

using kafka::status::Histogram;

TEST("histogram: every time is in the bucket whose bounds hold it") {
    for (size_t bucket = 0; bucket + 1 < Histogram::bucket_count; bucket++) {
        const uint64_t longest = Histogram::longest_in(bucket);
        CHECK_EQ(Histogram::bucket_of(longest), bucket);
        CHECK_EQ(Histogram::bucket_of(longest + 1), bucket + 1);
    }
    CHECK_EQ(Histogram::bucket_of(0), size_t(0));
}

TEST("histogram: a bucket is no wider than an eighth of its times") {
    for (size_t bucket = 1; bucket + 1 < Histogram::bucket_count; bucket++) {
        const uint64_t longest = Histogram::longest_in(bucket), shorter = Histogram::longest_in(bucket - 1);
        CHECK(longest - shorter <= 1 + shorter / 8);
    }
}

TEST("histogram: what is longer than a day is in the last bucket") {
    for (const uint64_t time : {uint64_t(1) << 36, uint64_t(1) << 50, UINT64_MAX})
        CHECK_EQ(Histogram::bucket_of(time), Histogram::bucket_count - 1);
    CHECK_EQ(Histogram::longest_in(Histogram::bucket_count - 1), UINT64_MAX);
    CHECK(Histogram::longest_in(Histogram::bucket_count - 2) > uint64_t(15) * 3600 * 1000 * 1000);
}

TEST("histogram: percentiles, sum and maximum") {
    Histogram histogram;
    for (uint64_t time = 1; time <= 1000; time++) histogram.add(time);
    const Histogram::Snapshot times = histogram.read();
    CHECK_EQ(times.count, uint64_t(1000));
    CHECK_EQ(times.total, uint64_t(500'500));
    CHECK_EQ(times.longest, uint64_t(1000));
    for (const unsigned percent : {1, 50, 95, 99}) {
        CHECK(times.percentile(percent) >= percent * 10);
        CHECK(times.percentile(percent) <= percent * 10 * 9 / 8);
    }
    CHECK_EQ(times.percentile(100), uint64_t(1000)); // never more than the maximum
}

TEST("histogram: small times are exact") {
    Histogram histogram;
    for (const uint64_t time : {0, 3, 3, 15}) histogram.add(time);
    const Histogram::Snapshot times = histogram.read();
    CHECK_EQ(times.percentile(25), uint64_t(0));
    CHECK_EQ(times.percentile(50), uint64_t(3));
    CHECK_EQ(times.percentile(75), uint64_t(3));
    CHECK_EQ(times.percentile(76), uint64_t(15));
}

TEST("histogram: without a time everything is 0") {
    const Histogram::Snapshot times = Histogram().read();
    CHECK_EQ(times.count, uint64_t(0));
    CHECK_EQ(times.longest, uint64_t(0));
    CHECK_EQ(times.percentile(50), uint64_t(0));
}
