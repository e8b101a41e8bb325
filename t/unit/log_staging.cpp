// Staging: offsets of a turn's appends, when segments roll, what a commit publishes and a rollback takes
// back.
#include "log/staging.h"
#include "test.h"

using namespace kafka;

namespace {

constexpr int64_t now = 1'000'000;

/// An opened topic that has no segment yet.
log::Topic topic(size_t partitions = 2) {
    log::Topic made;
    made.name = "orders";
    made.config = log::resolve({}, {});
    made.config.segment_bytes = 1000;
    made.config.segment_ms = 5000;
    made.partitions.resize(partitions);
    for (size_t i = 0; i < partitions; i++) made.partitions[i].index = int32_t(i);
    made.opened = true;
    return made;
}

log::Staging::Batch batch(int32_t records, int64_t max_timestamp, size_t size = 100) {
    const auto bytes = std::make_shared<std::string>(size, 'x');
    return {{bytes, *bytes}, records - 1, max_timestamp};
}

/// What the caller does between staging and commit: makes the tables of the new segments.
void make_tables(log::Staging& staging, int64_t& next_id) {
    for (log::StagedRoll& roll : staging.rolls()) roll.opened.id = next_id++;
}

/// A topic with one open segment (id 1) that holds 3 records of partition 0, the largest timestamp being 50.
log::Topic topic_with_records(log::TailCache& cache) {
    log::Topic made = topic();
    log::Staging staging;
    int64_t next_id = 1;
    staging.append(made, 0, batch(3, 50), now);
    make_tables(staging, next_id);
    staging.commit(cache);
    return made;
}

std::string show(const log::Topic& t) {
    std::string all;
    for (const log::Partition& p : t.partitions)
        all += std::to_string(p.high_watermark) + "/" + std::to_string(p.staged_end_offset) + "/" +
               std::to_string(p.max_timestamp) + "/" + std::to_string(p.staged_max_timestamp) + "/" +
               std::to_string(p.bytes) + "/" + std::to_string(p.staged_bytes) + " ";
    for (const log::Segment& s : t.segments)
        all += std::to_string(s.id) + (s.closed() ? "c" : "o") + std::to_string(s.bytes) + " ";
    return all + std::to_string(t.staged_segment_bytes);
}

} // namespace

TEST("batches of a turn get consecutive offsets, each partition its own") {
    log::Topic t = topic();
    log::Staging staging;
    CHECK_EQ(log::Staging::next_offset(t, 0), int64_t(0));
    staging.append(t, 0, batch(3, 10), now);
    CHECK_EQ(log::Staging::next_offset(t, 0), int64_t(3));
    staging.append(t, 1, batch(1, 10), now);
    staging.append(t, 0, batch(2, 10), now);
    const auto& staged = staging.batches();
    CHECK_EQ(staged.size(), size_t(3));
    CHECK_EQ(staged[0].base_offset, int64_t(0));
    CHECK_EQ(staged[0].last_offset, int64_t(2));
    CHECK_EQ(staged[1].base_offset, int64_t(0));
    CHECK_EQ(staged[2].base_offset, int64_t(3));
    CHECK_EQ(staged[2].last_offset, int64_t(4));
    CHECK_EQ(staging.bytes(), size_t(300));
}

TEST("readers see nothing of a turn before its commit") {
    log::TailCache cache(1 << 20);
    log::Topic t = topic_with_records(cache);
    log::Staging staging;
    staging.append(t, 0, batch(2, 60), now);
    CHECK_EQ(t.partitions[0].high_watermark, int64_t(3));
    CHECK_EQ(t.partitions[0].max_timestamp, int64_t(50));
    CHECK(t.partitions[0].tail->read(3, 1000, true).slices.empty());
    CHECK_EQ(t.segments.back().bytes, int64_t(100));
}

TEST("a commit moves watermark, timestamps and segment, and fills the tail") {
    log::TailCache cache(1 << 20);
    log::Topic t = topic_with_records(cache);
    log::Staging staging;
    staging.append(t, 0, batch(2, 60), now);
    staging.append(t, 1, batch(4, 20), now);
    staging.commit(cache);
    CHECK_EQ(show(t), "5/5/60/60/200/200 4/4/20/20/100/100 1o300 300");
    CHECK_EQ(t.partitions[0].tail->read(0, 1000, true).next_offset, int64_t(5));
    CHECK_EQ(t.partitions[1].tail->read(0, 1000, true).next_offset, int64_t(4));
    CHECK(staging.empty());
    CHECK_EQ(staging.bytes(), size_t(0));
    CHECK(staging.rolls().empty());
}

TEST("a rollback leaves everything as it was before the turn") {
    log::TailCache cache(1 << 20);
    log::Topic t = topic_with_records(cache);
    const std::string before = show(t);
    log::Staging staging;
    staging.append(t, 0, batch(2, 60), now);
    staging.append(t, 1, batch(4, 20), now);
    staging.append(t, 0, batch(2, 70, 950), now); // rolls
    staging.rollback();
    CHECK_EQ(show(t), before);
    CHECK(staging.empty());
    CHECK_EQ(log::Staging::next_offset(t, 0), int64_t(3));
    staging.append(t, 0, batch(1, 1), now);
    CHECK_EQ(staging.batches()[0].base_offset, int64_t(3));
    CHECK_EQ(staging.batches()[0].max_timestamp, int64_t(50));
    CHECK_EQ(staging.batches()[0].bytes, int64_t(200));
    CHECK_EQ(staging.batches()[0].roll, log::Staging::no_roll);
}

TEST("a rollback of a topic's first records leaves it without a segment") {
    log::Topic t = topic();
    const std::string before = show(t);
    log::Staging staging;
    staging.append(t, 0, batch(1, 5), now);
    staging.rollback();
    CHECK_EQ(show(t), before);
    CHECK(t.segments.empty());
}

TEST("a staged batch has the largest timestamp of its partition in the segment so far") {
    log::Topic t = topic();
    log::Staging staging;
    staging.append(t, 0, batch(1, 50), now);
    staging.append(t, 0, batch(1, 20), now);
    staging.append(t, 1, batch(1, 30), now);
    staging.append(t, 0, batch(1, 70), now);
    CHECK_EQ(staging.batches()[0].max_timestamp, int64_t(50));
    CHECK_EQ(staging.batches()[1].max_timestamp, int64_t(50));
    CHECK_EQ(staging.batches()[2].max_timestamp, int64_t(30));
    CHECK_EQ(staging.batches()[3].max_timestamp, int64_t(70));
}

TEST("the first record of a topic makes its first segment") {
    log::Topic t = topic();
    t.partitions[1].high_watermark = t.partitions[1].staged_end_offset = 40; // its earlier segments are gone
    log::Staging staging;
    staging.append(t, 0, batch(1, 5), now);
    CHECK_EQ(staging.rolls().size(), size_t(1));
    CHECK_EQ(staging.batches()[0].roll, size_t(0));
    const log::StagedRoll& roll = staging.rolls()[0];
    CHECK(roll.topic == &t);
    CHECK(roll.opened.start_offsets == (std::vector<int64_t>{0, 40}));
    CHECK_EQ(roll.opened.created_ms, now);
    CHECK(!roll.opened.closed());
    CHECK(roll.closed_bytes == (std::vector<int64_t>{0, 0}));
}

TEST("a segment rolls before it would grow past segment.bytes") {
    log::TailCache cache(1 << 20);
    log::Topic t = topic_with_records(cache);
    log::Staging staging;
    staging.append(t, 1, batch(1, 20, 900), now);
    CHECK(staging.rolls().empty());
    staging.append(t, 0, batch(1, 30, 1), now);
    CHECK_EQ(staging.rolls().size(), size_t(1));
    CHECK_EQ(staging.batches()[0].roll, log::Staging::no_roll);
    CHECK_EQ(staging.batches()[1].roll, size_t(0));
    CHECK_EQ(staging.batches()[1].max_timestamp, int64_t(30)); // begins anew
    CHECK(staging.rolls()[0].closed_timestamps == (std::vector<int64_t>{50, 20}));
    CHECK(staging.rolls()[0].closed_bytes == (std::vector<int64_t>{100, 900}));
    CHECK_EQ(staging.batches()[1].bytes, int64_t(1));
    CHECK(staging.rolls()[0].opened.start_offsets == (std::vector<int64_t>{3, 1}));
    int64_t next_id = 2;
    make_tables(staging, next_id);
    staging.commit(cache);
    CHECK_EQ(show(t), "4/4/30/30/1/1 1/1/-1/-1/0/0 1c1000 2o1 1");
    CHECK(t.segments[0].partition_bytes == (std::vector<int64_t>{100, 900}));
    CHECK(t.segments[0].max_timestamps == (std::vector<int64_t>{50, 20}));
}

TEST("a batch larger than segment.bytes gets a segment of its own and no empty one") {
    log::Topic t = topic();
    log::TailCache cache(1 << 20);
    log::Staging staging;
    int64_t next_id = 1;
    staging.append(t, 0, batch(1, 5, 5000), now);
    CHECK_EQ(staging.rolls().size(), size_t(1));
    staging.append(t, 0, batch(1, 6, 1), now);
    CHECK_EQ(staging.rolls().size(), size_t(2));
    make_tables(staging, next_id);
    staging.commit(cache);
    CHECK_EQ(show(t), "2/2/6/6/1/1 0/0/-1/-1/0/0 1c5000 2o1 1");
}

TEST("a turn can roll a topic several times, and each batch knows its segment") {
    log::TailCache cache(1 << 20);
    log::Topic t = topic_with_records(cache);
    log::Staging staging;
    int64_t next_id = 2;
    for (int i = 0; i < 3; i++) staging.append(t, 0, batch(1, 60 + i, 950), now);
    CHECK_EQ(staging.rolls().size(), size_t(3));
    for (size_t i = 0; i < 3; i++) CHECK_EQ(staging.batches()[i].roll, i);
    CHECK(staging.rolls()[2].closed_timestamps == (std::vector<int64_t>{61, -1}));
    make_tables(staging, next_id);
    staging.commit(cache);
    CHECK_EQ(show(t), "6/6/62/62/950/950 0/0/-1/-1/0/0 1c100 2c950 3c950 4o950 950");
    CHECK_EQ(t.segments[2].start_offset(0), int64_t(4));
    CHECK(t.segments[1].max_timestamps == (std::vector<int64_t>{60, -1}));
}

TEST("rolls of one topic do not touch another") {
    log::TailCache cache(1 << 20);
    log::Topic a = topic_with_records(cache), b = topic_with_records(cache);
    log::Staging staging;
    staging.append(a, 0, batch(1, 60, 950), now);
    staging.append(b, 0, batch(1, 60, 100), now);
    staging.append(a, 0, batch(1, 60, 10), now);
    CHECK_EQ(staging.rolls().size(), size_t(1));
    CHECK_EQ(staging.batches()[0].roll, size_t(0));
    CHECK_EQ(staging.batches()[1].roll, log::Staging::no_roll);
    CHECK_EQ(staging.batches()[2].roll, size_t(0));
}

TEST("a segment rolls when it is older than segment.ms, but not while it is empty") {
    log::TailCache cache(1 << 20);
    log::Topic t = topic_with_records(cache);
    log::Staging staging;
    staging.append(t, 0, batch(1, 60), now + 4999);
    CHECK(staging.rolls().empty());
    staging.append(t, 0, batch(1, 60), now + 5000);
    CHECK_EQ(staging.rolls().size(), size_t(1));
    staging.append(t, 0, batch(1, 60), now + 5000);
    CHECK_EQ(staging.rolls().size(), size_t(1)); // the new one is young

    log::Topic empty = topic();
    empty.segments.push_back({1, {0, 0}, {}, now, 0});
    empty.staged_segment_bytes = 0;
    log::Staging other;
    other.append(empty, 0, batch(1, 60), now + 999999);
    CHECK(other.rolls().empty());
}

TEST("a topic whose segments are all closed gets a new one") {
    log::Topic t = topic();
    t.segments.push_back({7, {0, 0}, {5, 5}, now, 100});
    t.staged_segment_bytes = -1;
    log::Staging staging;
    staging.append(t, 0, batch(1, 60), now);
    CHECK_EQ(staging.rolls().size(), size_t(1));
    log::TailCache cache(1 << 20);
    staging.rolls()[0].opened.id = 8;
    staging.commit(cache);
    CHECK_EQ(t.segments.size(), size_t(2));
    CHECK(t.segments[0].max_timestamps == (std::vector<int64_t>{5, 5})); // closed before, and left alone
    CHECK_EQ(t.open_segment()->id, int64_t(8));
}

TEST("batches that are copied out no longer keep what they came in alive") {
    log::Topic t = topic();
    log::Staging staging;
    const auto kept = std::make_shared<std::string>("kept"),
               large = std::make_shared<std::string>("small part of much");
    staging.append(t, 0, {{kept, *kept}, 0, 1}, now);
    staging.append(t, 0, {{large, std::string_view(*large).substr(0, 5)}, 0, 2}, now);
    staging.copy_out(1);
    CHECK_EQ(kept.use_count(), 2L);
    CHECK_EQ(large.use_count(), 1L);
    CHECK_EQ(std::string(staging.batches()[1].data.data), std::string("small"));
}

TEST("a rollback puts the producers back as they were before the turn") {
    log::TailCache cache(1 << 20);
    log::Topic t = topic();
    log::Staging staging;
    int64_t next_id = 1;
    const auto from = [](int64_t producer, int32_t sequence) {
        log::Staging::Batch b = batch(1, 0);
        b.sequence = {producer, 0, sequence, sequence};
        return b;
    };
    staging.append(t, 0, from(7, 0), now);
    make_tables(staging, next_id);
    staging.commit(cache);
    const log::Producer before = *t.partitions[0].producers.find(7);

    for (const int32_t sequence : {1, 2, 3}) staging.append(t, 0, from(7, sequence), now + 1);
    staging.append(t, 1, from(7, 9), now + 1);
    staging.append(t, 0, from(8, 0), now + 1);
    CHECK_EQ(t.partitions[0].producers.find(7)->batches().back().base_offset, 3);
    staging.rollback();
    CHECK(*t.partitions[0].producers.find(7) == before);
    CHECK(!t.partitions[0].producers.find(8));
    CHECK(!t.partitions[1].producers.find(7));
    CHECK_EQ(t.batches_after_snapshot, size_t(1));
    CHECK_EQ(t.bytes_after_snapshot, size_t(100));
}
