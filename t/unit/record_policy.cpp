// The topic's policies on a checked batch.
#include "record/builder.h"
#include "record/check.h"

#include "record_samples.h"
#include "test.h"

using namespace kafka::record;
using kafka::wire::ErrorCode;
using samples::some_time;

namespace {

/// The defaults of Kafka's topic configs, at a time when the samples are new.
Limits default_limits() { return {1048588, 1 << 30, INT64_MAX, 3600000, some_time, false, false}; }

std::optional<Violation> violation(const std::string& batch, const Limits& limits) {
    const Checked checked = check(batch, samples::current_produce_version, samples::enough);
    CHECK_EQ(checked.error, ErrorCode::none);
    return violates(checked, limits, batch);
}

std::string batch_of(std::initializer_list<int64_t> timestamps, std::initializer_list<int> keyless = {}) {
    BatchBuilder builder({.codec = Codec::zstd});
    int index = 0;
    for (const int64_t timestamp : timestamps) {
        const bool has_key = std::find(keyless.begin(), keyless.end(), index++) == keyless.end();
        builder.add(timestamp, has_key ? std::optional<kafka::wire::View>("k") : std::nullopt, "v");
    }
    return builder.finish();
}

} // namespace

TEST("policy: what no config forbids passes") {
    CHECK(!violation(batch_of({some_time, 0, no_timestamp}, {0, 1}), default_limits()));
}

TEST("policy: a batch may have max.message.bytes and not one more") {
    const std::string batch = batch_of({some_time});
    Limits limits = default_limits();
    limits.max_message_bytes = int64_t(batch.size());
    CHECK(!violation(batch, limits));
    limits.max_message_bytes--;
    CHECK(violation(batch, limits)->error == ErrorCode::message_too_large);
    limits.max_message_bytes = 0;
    CHECK(violation(batch, limits)->error == ErrorCode::message_too_large);
}

TEST("policy: a batch that recompression made larger is measured again") {
    const std::string small = batch_of({some_time, some_time, some_time, some_time, some_time});
    const std::string large = *recompress(small, Codec::none, std::nullopt, samples::enough);
    const Checked checked = check(small, samples::current_produce_version, samples::enough);
    Limits limits = default_limits();
    limits.max_message_bytes = int64_t(small.size());
    CHECK(large.size() > small.size());
    CHECK(!violates(checked, limits, small));
    CHECK(violates(checked, limits, large)->error == ErrorCode::message_too_large);
}

TEST("policy: a batch larger than a segment is RECORD_LIST_TOO_LARGE") {
    const std::string batch = batch_of({some_time});
    Limits limits = default_limits();
    limits.segment_bytes = int64_t(batch.size());
    CHECK(!violation(batch, limits));
    limits.segment_bytes--;
    CHECK(violation(batch, limits)->error == ErrorCode::record_list_too_large);
}

TEST("policy: records at fault are not looked for in a batch that unpacks to a lot") {
    BatchBuilder builder({.codec = Codec::zstd});
    builder.add(some_time, "k", std::string(2 << 20, 'v'));
    builder.add(INT64_MAX / 2, "k", "v");
    const auto late = violation(builder.finish(), default_limits());
    CHECK(late->error == ErrorCode::invalid_timestamp);
    CHECK(late->records.empty());
}

TEST("policy: timestamps at the ends of the window pass, outside they are named one by one") {
    Limits limits = default_limits();
    limits.timestamp_before_max_ms = 100;
    limits.timestamp_after_max_ms = 50;
    CHECK(!violation(batch_of({some_time - 100, some_time + 50, no_timestamp}), limits));
    const auto found = violation(batch_of({some_time - 101, some_time, some_time + 51}), limits);
    CHECK_EQ(found->error, ErrorCode::invalid_timestamp);
    CHECK_EQ(found->records.size(), 2u);
    CHECK_EQ(found->records[0].index, 0);
    CHECK_EQ(found->records[1].index, 2);
    CHECK(found->records[1].message.find(std::to_string(some_time + 51)) != std::string::npos);
}

TEST("policy: the default window is open to the past and an hour wide to the future") {
    const Limits limits = default_limits();
    CHECK(!violation(batch_of({0, 1}), limits));
    CHECK(!violation(batch_of({some_time + 3600000}), limits));
    CHECK(violation(batch_of({some_time + 3600001}), limits)->error == ErrorCode::invalid_timestamp);
    CHECK(violation(batch_of({INT64_MAX}), limits)->error == ErrorCode::invalid_timestamp);
    CHECK(violation(batch_of({INT64_MIN}), limits)->error == ErrorCode::invalid_timestamp);
}

TEST("policy: windows wider than time itself do not overflow") {
    Limits limits = default_limits();
    limits.timestamp_after_max_ms = INT64_MAX;
    CHECK(!violation(batch_of({INT64_MAX}), limits));
    limits.now_ms = -5;
    limits.timestamp_before_max_ms = INT64_MAX;
    CHECK(!violation(batch_of({INT64_MIN}), limits));
}

TEST("policy: with LogAppendTime the producer's timestamps do not matter") {
    Limits limits = default_limits();
    limits.log_append_time = true;
    CHECK(!violation(batch_of({INT64_MAX, INT64_MIN, some_time}), limits));
}

TEST("policy: records without key in a compacted topic are named one by one") {
    Limits limits = default_limits();
    limits.compacted = true;
    CHECK(!violation(batch_of({some_time, some_time}), limits));
    const auto found = violation(batch_of({some_time, some_time, some_time}, {1, 2}), limits);
    CHECK_EQ(found->error, ErrorCode::invalid_record);
    CHECK_EQ(found->records.size(), 2u);
    CHECK_EQ(found->records[0].index, 1);
    CHECK_EQ(found->records[1].index, 2);
}

TEST("policy: a timestamp outside the window wins over a missing key, but not in the same record") {
    Limits limits = default_limits();
    limits.compacted = true;
    const int64_t late = some_time + 7200000;
    const auto both = violation(batch_of({some_time, some_time, late}, {1}), limits);
    CHECK_EQ(both->error, ErrorCode::invalid_timestamp);
    CHECK_EQ(both->records.size(), 2u);
    const auto same_record = violation(batch_of({some_time, late}, {1}), limits);
    CHECK_EQ(same_record->error, ErrorCode::invalid_record);
    CHECK_EQ(same_record->records.size(), 1u);
}

TEST("policy: the list of records at fault is bounded") {
    BatchBuilder builder(BatchOptions{});
    for (int i = 0; i < 5000; i++) builder.add(some_time, std::nullopt, "v");
    Limits limits = default_limits();
    limits.compacted = true;
    CHECK(violation(builder.finish(), limits)->records.size() == max_record_errors);
}
