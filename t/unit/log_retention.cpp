// Which segments go by retention, and where the log then starts.
#include "log/retention.h"
#include "test.h"

using namespace kafka;

namespace {

constexpr int64_t now = 1'000'000;

/// A closed segment of 100 bytes whose newest records, by partition, have these timestamps.
log::Segment closed(std::vector<int64_t> start_offsets, std::vector<int64_t> max_timestamps) {
    return {1, std::move(start_offsets), std::move(max_timestamps), 0, 100};
}
log::Segment open(std::vector<int64_t> start_offsets, int64_t bytes, int64_t created_ms = 0) {
    return {2, std::move(start_offsets), {}, created_ms, bytes};
}

log::Topic topic(std::vector<log::Segment> segments, log::ConfigOverrides overrides, size_t partitions = 2) {
    log::Topic made;
    made.config = log::resolve(overrides, {});
    made.partitions.resize(partitions);
    for (size_t i = 0; i < partitions; i++) made.partitions[i].index = int32_t(i);
    made.segments = std::move(segments);
    return made;
}

std::string show(const std::vector<int64_t>& offsets) {
    std::string all;
    for (const int64_t offset : offsets) all += std::to_string(offset) + " ";
    return all;
}

} // namespace

TEST("retention: a segment goes once the newest record of all partitions is too old") {
    const auto expired = [](int64_t first, int64_t second) {
        return log::expired_segments(
            topic({closed({0, 0}, {first, second}), open({5, 5}, 10, now)}, {{"retention.ms", "1000"}}), now);
    };
    CHECK_EQ(expired(now - 1001, now - 5000), 1u);
    CHECK_EQ(expired(now - 1000, now - 5000), 0u);
    CHECK_EQ(expired(now - 5000, now - 1000), 0u);
    CHECK_EQ(expired(-1, now - 5000), 1u);
}

TEST("retention: one that holds newer records keeps those behind it") {
    const auto old = closed({0, 0}, {1, 1}), newer = closed({1, 1}, {now, 1});
    CHECK_EQ(
        log::expired_segments(topic({old, newer, old, open({5, 5}, 10)}, {{"retention.ms", "1000"}}), now),
        1u);
}

TEST("retention: records without timestamps are as old as their segment") {
    log::Segment segment = closed({0, 0}, {-1, -1});
    const auto expired = [&](int64_t created_ms) {
        segment.created_ms = created_ms;
        return log::expired_segments(topic({segment, open({5, 5}, 10, now)}, {{"retention.ms", "1000"}}),
                                     now);
    };
    CHECK_EQ(expired(now - 1000), 0u);
    CHECK_EQ(expired(now - 1001), 1u);
}

TEST("retention: the open segment counts if it holds anything") {
    log::Topic t = topic({closed({0, 0}, {1, 1}), open({5, 5}, 10)}, {{"retention.ms", "1000"}});
    t.partitions[0].max_timestamp = now - 1001;
    CHECK_EQ(log::expired_segments(t, now), 2u);
    t.partitions[1].max_timestamp = now;
    CHECK_EQ(log::expired_segments(t, now), 1u);
    t.partitions[1].max_timestamp = -1;
    t.segments.back().bytes = 0;
    CHECK_EQ(log::expired_segments(t, now), 1u);
}

TEST("retention: by default seven days, of all sizes") {
    constexpr int64_t week = 7 * 86400 * 1000ll;
    const log::Topic t = topic({closed({0, 0}, {0, 0}), open({5, 5}, 1 << 30, week)}, {});
    CHECK_EQ(log::expired_segments(t, week), 0u);
    CHECK_EQ(log::expired_segments(t, week + 1), 1u);
    CHECK_EQ(log::expired_segments(topic(t.segments, {{"retention.ms", "-1"}}), 10 * week), 0u);
}

TEST("retention: the oldest go while each partition has retention.bytes left") {
    const auto segment = closed({0, 0}, {now, now});
    const auto expired = [&](const char* bytes) {
        return log::expired_segments(
            topic({segment, segment, segment, open({5, 5}, 50)}, {{"retention.bytes", bytes}}), now);
    };
    CHECK_EQ(expired("-1"), 0u);
    CHECK_EQ(expired("175"), 0u); // 350 bytes in two partitions
    CHECK_EQ(expired("126"), 0u);
    CHECK_EQ(expired("125"), 1u); // 250 are left
    CHECK_EQ(expired("75"), 2u);
    CHECK_EQ(expired("0"), 3u); // the open one stays
    CHECK_EQ(expired("9223372036854775807"), 0u);
}

TEST("retention: only with cleanup.policy delete") {
    const std::vector<log::Segment> segments{closed({0, 0}, {1, 1}), open({5, 5}, 50, now)};
    for (const auto& [policy, expired] :
         {std::pair("compact", 0u), {"", 0u}, {"delete", 1u}, {"compact,delete", 1u}})
        CHECK_EQ(
            log::expired_segments(topic(segments, {{"cleanup.policy", policy}, {"retention.ms", "1"}}), now),
            expired);
}

TEST("retention: the log starts where the next segment does, and never earlier than now") {
    log::Topic t = topic({closed({0, 0}, {1, 1}), closed({5, 3}, {1, 1}), open({9, 3}, 50)}, {}, 3);
    t.partitions[1].log_start_offset = 4;
    CHECK_EQ(show(log::log_starts_without(t, 1)), "5 4 0 ");
    CHECK_EQ(show(log::log_starts_without(t, 2)), "9 4 0 ");
    CHECK_EQ(show(log::log_starts_without(t, 3)), "0 4 0 ");
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
