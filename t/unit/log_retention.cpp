// Which segments go by retention, and where the log then starts.
#include "log/retention.h"
#include "test.h"

using namespace kafka;

namespace {

constexpr int64_t now = 1'000'000;

/// A closed segment with 50 bytes of each partition, whose newest records, by partition, have these timestamps.
log::Segment closed(std::vector<int64_t> start_offsets, std::vector<int64_t> max_timestamps) {
    const size_t partitions = max_timestamps.size();
    return {1, std::move(start_offsets), std::move(max_timestamps),
            0, int64_t(50 * partitions), std::vector<int64_t>(partitions, 50)};
}
log::Segment open(std::vector<int64_t> start_offsets, int64_t bytes, int64_t created_ms = 0) {
    return {2, std::move(start_offsets), {}, created_ms, bytes, {}};
}

log::Topic topic(std::vector<log::Segment> segments, log::ConfigOverrides overrides, size_t partitions = 2) {
    log::Topic made;
    made.config = log::resolve(overrides, {});
    made.partitions.resize(partitions);
    for (size_t i = 0; i < partitions; i++) made.partitions[i].index = int32_t(i);
    made.segments = std::move(segments);
    if (made.segments.empty()) return made;
    for (log::Partition& p : made.partitions) p.high_watermark = made.segments.back().start_offset(p.index);
    return made;
}

/// The same with a record of each partition in the open segment, of this time and size.
log::Topic with_newest(log::Topic t, int64_t timestamp, int64_t bytes) {
    for (log::Partition& p : t.partitions) {
        p.high_watermark++;
        p.max_timestamp = timestamp;
        p.bytes = bytes;
    }
    return t;
}

std::string show(const std::vector<int64_t>& offsets) {
    std::string all;
    for (const int64_t offset : offsets) all += std::to_string(offset) + " ";
    return all;
}

} // namespace

std::string starts(const log::Topic& t, int64_t at = now) {
    return show(log::log_starts_by_retention(t, at));
}

TEST("retention: what a segment holds of a partition goes once the newest of it is too old") {
    const auto after = [](int64_t first, int64_t second) {
        return starts(
            topic({closed({0, 0}, {first, second}), open({5, 7}, 10, now)}, {{"retention.ms", "1000"}}));
    };
    CHECK_EQ(after(now - 1001, now - 5000), "5 7 ");
    CHECK_EQ(after(now - 1000, now - 5000), "0 7 ");
    CHECK_EQ(after(now - 5000, now - 1000), "5 0 ");
    CHECK_EQ(after(now, now), "0 0 ");
}

TEST("retention: newer records keep those behind them in their partition") {
    const auto old = closed({0, 0}, {1, 1}), newer = closed({1, 1}, {now, 1}), last = closed({2, 2}, {1, 1});
    CHECK_EQ(starts(topic({old, newer, last, open({5, 5}, 10)}, {{"retention.ms", "1000"}})), "1 5 ");
}

TEST("retention: a segment without records of a partition keeps nothing of it") {
    const auto old = closed({0, 0}, {1, 1}), without = closed({3, 1}, {-1, now}),
               last = closed({3, 2}, {1, 1});
    CHECK_EQ(starts(topic({old, without, last, open({5, 5}, 10)}, {{"retention.ms", "1000"}})), "5 1 ");
}

TEST("retention: records without timestamps are as old as their segment") {
    log::Segment segment = closed({0, 0}, {-1, -1});
    const auto after = [&](int64_t created_ms) {
        segment.created_ms = created_ms;
        return starts(topic({segment, open({5, 5}, 10, now)}, {{"retention.ms", "1000"}}));
    };
    CHECK_EQ(after(now - 1000), "0 0 ");
    CHECK_EQ(after(now - 1001), "5 5 ");
}

TEST("retention: also what is in the open segment goes, which is used up when nothing is left") {
    log::Topic t = with_newest(topic({closed({0, 0}, {1, 1}), open({5, 5}, 10)}, {{"retention.ms", "1000"}}),
                               now - 1001, 5);
    CHECK_EQ(starts(t), "6 6 ");
    CHECK(log::open_segment_is_used_up(t, {6, 6}));
    t.partitions[1].max_timestamp = now;
    CHECK_EQ(starts(t), "6 5 ");
    CHECK(!log::open_segment_is_used_up(t, {6, 5}));
    t.segments.back().bytes = 0;
    CHECK(!log::open_segment_is_used_up(t, {6, 6}));
    t.segments.pop_back();
    CHECK(!log::open_segment_is_used_up(t, {6, 6}));
    CHECK(!log::open_segment_is_used_up(topic({}, {}), {0, 0}));
}

TEST("retention: by default seven days, of all sizes") {
    constexpr int64_t week = 7 * 86400 * 1000ll;
    const log::Topic t = topic({closed({0, 0}, {0, 0}), open({5, 5}, 1 << 30, week)}, {});
    CHECK_EQ(starts(t, week), "0 0 ");
    CHECK_EQ(starts(t, week + 1), "5 5 ");
    CHECK_EQ(starts(topic(t.segments, {{"retention.ms", "-1"}}), 10 * week), "0 0 ");
}

TEST("retention: the oldest go while a partition has retention.bytes left, whatever the others have") {
    const auto after = [&](const char* bytes) {
        std::vector<log::Segment> segments{closed({0, 0}, {now, now}), closed({1, 1}, {now, now}),
                                           closed({2, 2}, {now, -1}), open({3, 2}, 50)};
        segments[2].partition_bytes[1] = 0;
        return starts(
            with_newest(topic(segments, {{"retention.bytes", bytes}}), now, 25)); // 175 and 125 bytes
    };
    CHECK_EQ(after("-1"), "0 0 ");
    CHECK_EQ(after("126"), "0 0 ");
    CHECK_EQ(after("125"), "1 0 ");
    CHECK_EQ(after("76"), "1 0 ");
    CHECK_EQ(after("75"), "2 1 ");
    CHECK_EQ(after("0"), "3 2 "); // what is in the open one stays
    CHECK_EQ(after("9223372036854775807"), "0 0 ");
}

TEST("retention: what lies before the log start does not count") {
    log::Topic t = topic({closed({0}, {now}), closed({1}, {now}), closed({2}, {now}), open({3}, 0)},
                         {{"retention.bytes", "100"}}, 1);
    CHECK_EQ(starts(t), "1 ");
    t.partitions[0].log_start_offset = 1;
    CHECK_EQ(starts(t), "1 ");
}

TEST("retention: only with cleanup.policy delete") {
    const std::vector<log::Segment> segments{closed({0, 0}, {1, 1}), open({5, 5}, 50, now)};
    for (const auto& [policy, expected] :
         {std::pair("compact", "0 0 "), {"", "0 0 "}, {"delete", "5 5 "}, {"compact,delete", "5 5 "}})
        CHECK_EQ(starts(topic(segments, {{"cleanup.policy", policy}, {"retention.ms", "1"}})), expected);
}

TEST("retention: a log never starts earlier than it did, nor does a partition that was added later") {
    log::Topic t = topic({closed({0, 0}, {1, 1}), open({9, 3}, 50)}, {}, 3);
    t.partitions[1].log_start_offset = 4;
    CHECK_EQ(starts(t, int64_t(1) << 40), "9 4 0 ");
}

TEST("retention: segments below all log starts are unreadable, but for the last") {
    // The third partition was added after the segments were made.
    log::Topic t = topic({closed({0, 0}, {1, 1}), closed({5, 3}, {1, 1}), closed({9, 3}, {1, 1})}, {}, 3);
    CHECK_EQ(log::unreadable_segments(t), 0u);
    t.partitions[0].log_start_offset = 5;
    CHECK_EQ(log::unreadable_segments(t), 0u);
    t.partitions[1].log_start_offset = 3;
    CHECK_EQ(log::unreadable_segments(t), 1u);
    t.partitions[0].log_start_offset = 8;
    CHECK_EQ(log::unreadable_segments(t), 1u);
    t.partitions[0].log_start_offset = 100;
    CHECK_EQ(log::unreadable_segments(t), 2u);
    CHECK_EQ(log::unreadable_segments(topic({}, {})), 0u);
}
