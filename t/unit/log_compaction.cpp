// What compaction leaves of each batch, and which segments it is worth for.
#include "log/compaction.h"
#include "record/builder.h"
#include "record/marker.h"
#include "record/records.h"
#include "test.h"

#include <map>
#include <random>

using namespace kafka;

namespace {

constexpr size_t much = 64 << 20;
constexpr int64_t now = 1'000'000, day = 86'400'000;
constexpr log::CompactionRules rules{now, day, 0, much};
const log::AbortedIndex nothing_aborted;

struct KeyValue {
    std::optional<wire::View> key, value;
};

std::string batch_at(int64_t offset, std::vector<KeyValue> records, record::BatchOptions options = {}) {
    options.base_offset = offset;
    record::BatchBuilder builder(options);
    for (const KeyValue& r : records) builder.add(500, r.key, r.value);
    return builder.finish();
}

std::string marker_at(int64_t offset, int64_t producer_id, bool committed) {
    std::string batch = record::make_marker({producer_id, 0, committed, 0}, 500);
    record::stamp(batch.data(), offset, 0);
    return batch;
}

record::BatchOptions transactional(int64_t producer_id) {
    record::BatchOptions options;
    options.producer_id = producer_id;
    options.producer_epoch = 0;
    options.base_sequence = 0;
    options.transactional = true;
    return options;
}

log::LastOffsets keys_of(const std::vector<std::string>& log) {
    log::LastOffsets last(much);
    for (const std::string& batch : log) CHECK(log::add_keys(last, 0, batch, much));
    return last;
}

/// What is left of each batch; empty: nothing.
std::vector<std::string> compact(const std::vector<std::string>& log, log::LastOffsets& last,
                                 const log::CompactionRules& by = rules,
                                 const log::AbortedIndex& aborted = nothing_aborted) {
    log::PartitionCompaction compaction(0, by, &aborted);
    std::vector<std::string> left;
    for (const std::string& batch : log) left.emplace_back(compaction.left_of(batch, last).value_or(""));
    return left;
}

std::vector<std::string> compact(const std::vector<std::string>& log) {
    log::LastOffsets last = keys_of(log);
    return compact(log, last);
}

/// "3:b=2 4:c=null": what a reader sees.
std::string show(const std::vector<std::string>& log) {
    std::string all;
    for (const std::string& batch : log) {
        if (batch.empty()) continue;
        record::RecordReader reader(batch, much);
        record::Record r;
        while (reader.next(r)) {
            if (reader.header().is_control()) continue;
            all += std::to_string(r.offset) + ":" + std::string(r.key.value_or("null")) + "=" +
                   std::string(r.value.value_or("null")) + " ";
        }
        CHECK(reader.ok());
        CHECK_EQ(record::compute_crc(batch), reader.header().crc);
    }
    return all;
}

} // namespace

TEST("compaction: of each key the last record stays, where it is") {
    const std::vector<std::string> log{batch_at(0, {{"a", "1"}, {"b", "1"}}), batch_at(2, {{"a", "2"}}),
                                       batch_at(3, {{"c", "1"}, {"a", "3"}})};
    const std::vector<std::string> left = compact(log);
    CHECK_EQ(show(left), "1:b=1 3:c=1 4:a=3 ");
    CHECK_EQ(left[1], "");
    CHECK_EQ(left[2], log[2]);
    const auto header = record::read_header(left[0]);
    CHECK_EQ(header->base_offset, 0);
    CHECK_EQ(header->last_offset(), 1);
}

TEST("compaction: what is rewritten keeps codec, timestamps, headers and producer") {
    record::BatchOptions options;
    options.codec = record::Codec::zstd;
    options.base_offset = 7;
    options.partition_leader_epoch = 3;
    options.producer_id = 5;
    options.producer_epoch = 2;
    options.base_sequence = 40;
    record::BatchBuilder builder(options);
    const std::vector<record::Header> headers{{"trace", "x"}, {"empty", std::nullopt}};
    builder.add(900, "a", "1");
    builder.add(800, "b", "1", headers);
    const std::string batch = builder.finish();
    log::LastOffsets last = keys_of({batch, batch_at(9, {{"a", "2"}})});
    const std::string left = compact({batch}, last)[0];
    record::RecordReader reader(left, much);
    const record::BatchHeader& h = reader.header();
    CHECK_EQ(int(*h.codec()), int(record::Codec::zstd));
    CHECK_EQ(h.partition_leader_epoch, 3);
    CHECK_EQ(h.producer_id, 5);
    CHECK_EQ(h.base_sequence, 40);
    CHECK_EQ(h.last_sequence(), 41);
    CHECK_EQ(h.max_timestamp, 800);
    record::Record record;
    CHECK(reader.next(record));
    CHECK_EQ(record.offset, 8);
    CHECK_EQ(record.timestamp, 800);
    CHECK_EQ(record.sequence, 41);
    CHECK_EQ(record.headers.size(), size_t(2));
    CHECK_EQ(record.headers[0].value.value_or(""), "x");
    CHECK(!record.headers[1].value);
    CHECK(!reader.next(record));
    CHECK(reader.ok());
}

TEST("compaction: a batch with the time of its append keeps that") {
    record::BatchOptions options;
    options.log_append_time = 777;
    const std::string batch = batch_at(0, {{"a", "1"}, {"b", "1"}}, options);
    log::LastOffsets last = keys_of({batch, batch_at(2, {{"a", "2"}})});
    const std::string left = compact({batch}, last)[0];
    record::RecordReader reader(left, much);
    record::Record record;
    CHECK(reader.next(record));
    CHECK_EQ(record.timestamp, 777);
}

TEST("compaction: keys of another partition are others") {
    log::LastOffsets last(much);
    CHECK(last.add(0, "a", 5));
    CHECK(!last.supersede(1, "a", 3));
    CHECK(last.supersede(0, "a", 3));
    CHECK(!last.supersede(0, "a", 5));
}

TEST("compaction: a tombstone stays for delete.retention.ms after it was first seen, then goes") {
    const std::vector<std::string> log{batch_at(0, {{"a", "1"}}),
                                       batch_at(1, {{"a", std::nullopt}, {"b", "1"}})};
    log::LastOffsets last = keys_of(log);
    const std::vector<std::string> first = compact(log, last);
    CHECK_EQ(show(first), "1:a=null 2:b=1 ");
    const auto header = record::read_header(first[1]);
    CHECK(header->has_delete_horizon());
    CHECK_EQ(header->base_timestamp, now + day);
    const auto later = [&](int64_t ms) {
        log::LastOffsets none(much);
        return compact(first, none, {now + ms, day, 0, much});
    };
    CHECK_EQ(later(day)[1], first[1]);
    CHECK_EQ(show(later(day + 1)), "2:b=1 ");
    record::RecordReader reader(first[1], much);
    record::Record record;
    CHECK(reader.next(record));
    CHECK_EQ(record.timestamp, 500);
}

TEST("compaction: a tombstone that is to stay for ever does") {
    const std::vector<std::string> log{batch_at(0, {{"a", std::nullopt}})};
    log::LastOffsets last = keys_of(log);
    const std::vector<std::string> left = compact(log, last, {now, INT64_MAX, 0, much});
    CHECK(record::read_header(left[0])->base_timestamp > INT64_MAX / 4);
    CHECK_EQ(compact(left, last, {int64_t(1) << 50, INT64_MAX, 0, much})[0], left[0]);
    CHECK_EQ(show(left), "0:a=null ");
}

TEST("compaction: records without keys stay") {
    const std::vector<std::string> log{batch_at(0, {{std::nullopt, "1"}, {"a", "1"}}),
                                       batch_at(2, {{std::nullopt, std::nullopt}, {"a", "2"}})};
    CHECK_EQ(show(compact(log)), "0:null=1 2:null=null 3:a=2 ");
}

TEST("compaction: what was aborted goes at once, its marker later, that of a commit after the last of its "
     "records") {
    const std::vector<std::string> log{batch_at(0, {{"a", "1"}}, transactional(1)),
                                       batch_at(1, {{"a", "2"}}, transactional(2)), marker_at(2, 1, true),
                                       marker_at(3, 2, false), batch_at(4, {{"b", "1"}})};
    log::AbortedIndex aborted;
    aborted.add({2, 1, 3});
    log::LastOffsets last(much);
    CHECK(last.add(0, "a", 0)); // keys of aborted batches do not count
    const log::CompactionRules stored{now, day, 100, much};
    std::vector<std::string> left = compact(log, last, stored, aborted);
    CHECK_EQ(show(left), "0:a=1 4:b=1 ");
    CHECK_EQ(left[2], log[2]);
    CHECK_EQ(left[3], log[3]);
    std::erase(left, "");

    // The aborted batch is gone: readers are not told of it any more, and its marker goes after a day.
    log::PartitionCompaction second(0, stored, &aborted);
    std::vector<std::string> next;
    for (const std::string& batch : left) next.emplace_back(second.left_of(batch, last).value_or(""));
    CHECK(second.take_transactions_gone() == std::vector<int64_t>{3});
    CHECK_EQ(second.take_transactions_gone().size(), size_t(0));
    CHECK_EQ(next[1], log[2]);
    CHECK(record::read_header(next[2])->has_delete_horizon());
    CHECK(record::read_marker(next[2]) == record::read_marker(log[3]));
    CHECK_EQ(compact(next, last, {now + day, day, 100, much})[2], next[2]);
    const std::vector<std::string> at_last = compact(next, last, {now + day + 1, day, 100, much});
    for (size_t i = 0; i < next.size(); i++) CHECK_EQ(at_last[i].empty(), i == 2);
}

TEST("compaction: no marker or tombstone goes in the round that has found it, also without retention") {
    const std::vector<std::string> log{batch_at(0, {{"a", "1"}}), batch_at(1, {{"a", std::nullopt}}),
                                       marker_at(2, 1, false)};
    const log::CompactionRules at_once{now, 0, 100, much};
    log::LastOffsets last = keys_of({log[0], log[1]});
    std::vector<std::string> left = compact(log, last, at_once);
    CHECK_EQ(show(left), "1:a=null ");
    CHECK(compact(left, last, at_once) == left);
    CHECK_EQ(compact(left, last, {now + 1, 0, 100, much})[2], "");
}

TEST("compaction: later passes of a round do not take for gone what the first has taken out") {
    log::LastOffsets last(much);
    const std::string marker = marker_at(2, 1, false);
    log::CompactionRules stored{now, day, 100, much, {.first = false}};
    CHECK_EQ(compact({marker}, last, stored)[0], marker);
    stored.pass.first = true;
    CHECK(compact({marker}, last, stored)[0] != marker);
}

TEST("compaction: headers stay that still have to tell what producers have sent") {
    const std::vector<std::string> log{batch_at(0, {{"a", "1"}}, transactional(1)), marker_at(1, 1, true),
                                       batch_at(2, {{"a", "2"}})};
    log::LastOffsets last = keys_of(log);
    const std::vector<std::string> left = compact(log, last);
    const auto header = record::read_header(left[0]);
    CHECK(header.has_value());
    CHECK_EQ(header->count, 0);
    CHECK_EQ(left[0].size(), record::batch_header_size);
    CHECK_EQ(header->last_offset(), 0);
    CHECK_EQ(header->producer_id, 1);
    CHECK_EQ(header->base_sequence, 0);
    CHECK_EQ(left[1], log[1]);
    CHECK(compact(left, last) == left);
    log::PartitionCompaction again(0, rules, &nothing_aborted);
    CHECK(again.left_of(left[0], last)->data() == left[0].data()); // itself: no reason to write it again
    CHECK_EQ(compact(left, last, {now, day, 1, much})[0], "");
}

TEST("compaction: a damaged batch stays as it is") {
    std::string damaged = batch_at(0, {{"a", "1"}, {"b", "1"}});
    damaged[70] = '\x7f';
    log::LastOffsets last = keys_of({batch_at(5, {{"a", "2"}, {"b", "2"}})});
    CHECK_EQ(compact({damaged}, last)[0], damaged);
    CHECK_EQ(compact({"short"}, last)[0], "short");
    CHECK_EQ(keys_of({damaged}).size(), size_t(0)); // and supersedes nothing
}

TEST("compaction: keys that do not fit into memory are taken in shares") {
    constexpr int32_t keys = 1000;
    const auto key = [](int32_t i) { return "key " + std::to_string(i); };
    std::vector<int> seen(keys);
    uint32_t passes = 0;
    for (uint32_t share = 0, shares = 1; share < shares;) {
        log::LastOffsets last(20'000, share, shares);
        bool room = true;
        for (int32_t i = 0; room && i < keys; i++) room = last.add(0, key(i), 10 + i);
        if (!room) {
            share *= 2, shares *= 2;
            continue;
        }
        for (int32_t i = 0; i < keys; i++) seen[size_t(i)] += last.supersede(0, key(i), 9 + i);
        share++, passes++;
    }
    CHECK(passes > 4 && passes < 17);
    CHECK(seen == std::vector<int>(keys, 1));
    log::LastOffsets tiny(1);
    CHECK(tiny.add(0, "the first always fits", 0));
    CHECK(!tiny.add(0, "the second does not", 0));
}

TEST("compaction: a tombstone stays until the pass that takes out what it deletes") {
    for (int n = 0; n < 20; n++) {
        const std::string key = "key " + std::to_string(n);
        record::BatchOptions due;
        due.delete_horizon_ms = now - 1;
        std::vector<std::string> log{batch_at(0, {{key, "1"}}), batch_at(1, {{key, std::nullopt}}, due)};
        for (uint32_t share = 0; share < 4; share++) {
            log::LastOffsets last(much, share, 4);
            for (const std::string& batch : log)
                if (!batch.empty()) CHECK(log::add_keys(last, 0, batch, much));
            const bool of_share = last.is_of_share(0, key);
            const std::string before = show(log);
            log = compact(log, last);
            CHECK_EQ(show(log), of_share ? "" : before);
            std::erase(log, "");
        }
        CHECK_EQ(log.size(), size_t(0));
    }
}

TEST("compaction: the time of a tombstone begins when all that it may delete is gone") {
    const std::vector<std::string> log{batch_at(0, {{"a", "1"}}), batch_at(1, {{"a", std::nullopt}})};
    log::LastOffsets none(much), last = keys_of(log);
    log::CompactionRules by = rules;
    by.pass = {.first = true, .last = false};
    CHECK(compact(log, none, by) ==
          log); // the key is of another share; who begins to read now finds its value
    by.pass = {.first = false, .last = true};
    const std::vector<std::string> left = compact(log, last, by);
    CHECK_EQ(left[0], "");
    CHECK(record::read_header(left[1])->has_delete_horizon());
}

TEST("compaction: random logs keep what readers from the beginning end up with") {
    for (uint32_t seed = 0; seed < 200; seed++) {
        std::mt19937 random(seed);
        const auto below = [&](int n) { return int(random() % uint32_t(n)); };
        std::vector<std::string> log;
        std::map<std::string, std::string> state;
        int64_t offset = 0;
        for (int b = 0; b < 30; b++) {
            record::BatchBuilder builder({.codec = *record::codec_of(below(5)), .base_offset = offset});
            for (int r = below(5); r >= 0; r--) {
                const std::string key = "k" + std::to_string(below(12)), value = "v" + std::to_string(offset);
                const bool tombstone = below(6) == 0;
                builder.add(500, key, tombstone ? std::nullopt : std::optional<wire::View>(value));
                state[key] = std::to_string(offset++) + ":" + key + "=" + (tombstone ? "null" : value) + " ";
            }
            log.push_back(builder.finish());
        }
        std::map<int64_t, std::string> expected;
        for (const auto& [key, shown] : state) expected[std::stoll(shown)] = shown;
        std::string all;
        for (const auto& [at, shown] : expected) all += shown;
        std::vector<std::string> left = compact(log);
        CHECK_EQ(show(left), all);
        std::erase(left, "");
        CHECK(compact(left) == left); // nothing more the second time
    }
}

namespace {

log::TopicConfig config(log::ConfigOverrides overrides) {
    overrides["cleanup.policy"] = "compact";
    return log::resolve(overrides, {});
}
size_t due(const std::vector<log::ClosedSegment>& segments, const log::ConfigOverrides& overrides = {}) {
    return log::segments_to_compact(segments, config(overrides), now);
}

} // namespace

TEST("compaction: begins when enough of the log has not been compacted") {
    const log::ClosedSegment clean{100, 0, 500, true, true}, dirty{100, 0, 500, false, true};
    CHECK_EQ(due({}), size_t(0));
    CHECK_EQ(due({clean}), size_t(0));
    CHECK_EQ(due({dirty}), size_t(1));
    CHECK_EQ(due({clean, dirty}), size_t(0));
    CHECK_EQ(due({clean, dirty, dirty}), size_t(3));
    CHECK_EQ(due({clean, dirty}, {{"min.cleanable.dirty.ratio", "0.4"}}), size_t(2));
    CHECK_EQ(due({clean, dirty}, {{"max.compaction.lag.ms", "999999"}}), size_t(2));
    CHECK_EQ(due({clean, dirty}, {{"max.compaction.lag.ms", "1000000"}}), size_t(0));
}

TEST("compaction: stops before what is too new or belongs to open transactions") {
    const log::ClosedSegment old{100, 0, 500, false, true}, recent{100, 0, now - 10, false, true},
        open{100, 0, 500, false, false};
    CHECK_EQ(due({old, recent, old}, {{"min.compaction.lag.ms", "11"}}), size_t(1));
    CHECK_EQ(due({old, recent, old}, {{"min.compaction.lag.ms", "10"}}), size_t(3));
    CHECK_EQ(due({old, recent, old}), size_t(3));
    CHECK_EQ(due({old, open, old}), size_t(1));
    CHECK_EQ(due({open}), size_t(0));
}

TEST("compaction: a compacted topic closes its segments in time for max.compaction.lag.ms") {
    CHECK_EQ(config({{"max.compaction.lag.ms", "1000"}, {"segment.ms", "5000"}}).segment_ms, 1000);
    CHECK_EQ(config({{"max.compaction.lag.ms", "9000"}, {"segment.ms", "5000"}}).segment_ms, 5000);
    CHECK_EQ(log::resolve({{"max.compaction.lag.ms", "1000"}, {"segment.ms", "5000"}}, {}).segment_ms, 5000);
}
