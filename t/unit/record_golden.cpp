// Batches that Apache Kafka's own classes wrote, with what they say: all of them where the golden vectors are
// beside the project, a few that are kept here otherwise.
#include "../hex.h"
#include "record/builder.h"
#include "record/check.h"
#include "record/records.h"
#include "record_json.h"
#include "record_samples.h"
#include "test.h"

#include <fstream>
#include <functional>

using namespace kafka::record;
using kafka::wire::ErrorCode;
using kafka::wire::View;
using samples::Json;

namespace {

constexpr Codec all_codecs[] = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

std::optional<std::string> bytes_of(const Json& hex) {
    return hex.is_null() ? std::nullopt : std::optional(from_hex(hex.text));
}

std::optional<std::string> value_of(const Json& record) {
    if (!record.has("value_repeat")) return bytes_of(record["value"]);
    const std::vector<Json>& repeat = record["value_repeat"].array;
    return std::string(size_t(repeat[1].number), from_hex(repeat[0].text)[0]);
}

bool same(const std::optional<View>& actual, const std::optional<std::string>& expected) {
    return actual.has_value() == expected.has_value() && (!actual || *actual == *expected);
}

/// One batch of a line: its bytes and its description.
struct Golden {
    std::string name;
    std::string bytes;
    Json says;
    bool is(const char* flag) const { return says[flag].number != 0; }
    int64_t number(const char* field) const { return says[field].number; }
};

void add_batches(const std::string& line, std::vector<Golden>& all) {
    const Json json = samples::JsonReader(line).value();
    const std::string bytes = from_hex(json["hex"].text);
    size_t at = 0;
    for (const Json& batch : json["batches"].array) {
        const auto size = size_t(batch["size"].number);
        all.push_back({json["case"].text, bytes.substr(at, size), batch});
        at += size;
    }
    CHECK_EQ(bytes.size() - at, size_t(json["tail_bytes"].number));
}

std::vector<Golden> golden() {
    std::ifstream file("../shared/protocol/golden/batches.jsonl");
    if (!file) file = std::ifstream("t/unit/record_batches.jsonl");
    std::vector<Golden> all;
    for (std::string line; std::getline(file, line);) add_batches(line, all);
    CHECK(all.size() > 20);
    return all;
}

/// Calls `body` for each batch of format 2, and says for which it failed by its exception's text.
void each_v2(const std::function<void(const Golden&)>& body) {
    for (const Golden& batch : golden())
        if (batch.number("magic") == 2) body(batch);
}

/// Reports a difference under the name of its case.
void expect(bool holds, const Golden& batch, const std::string& what) {
    if (!holds) test::fail(batch.name.c_str(), 0, what);
}

void compare_header(const BatchHeader& h, const Golden& g) {
    const std::pair<const char*, int64_t> numbers[] = {
        {"magic", h.magic},
        {"size", int64_t(h.size_in_bytes())},
        {"base_offset", h.base_offset},
        {"last_offset", h.last_offset()},
        {"crc", h.crc},
        {"attributes", h.attributes},
        {"max_timestamp", h.max_timestamp},
        {"partition_leader_epoch", h.partition_leader_epoch},
        {"base_timestamp", h.base_timestamp},
        {"producer_id", h.producer_id},
        {"producer_epoch", h.producer_epoch},
        {"base_sequence", h.base_sequence},
        {"last_sequence", h.last_sequence()},
        {"transactional", h.is_transactional()},
        {"control", h.is_control()},
    };
    for (const auto& [field, actual] : numbers) expect(g.number(field) == actual, g, field);
    expect(h.codec() && g.says["compression"].text == name(*h.codec()), g, "compression");
    const bool append_time = h.timestamp_type() == TimestampType::log_append_time;
    expect((g.says["timestamp_type"].text == "LogAppendTime") == append_time, g, "timestamp_type");
    expect(h.has_delete_horizon() != g.says["delete_horizon_ms"].is_null(), g, "delete_horizon_ms");
    expect(size_t(h.count) == g.says["records"].array.size(), g, "count");
}

void compare_headers(const std::vector<Header>& actual, const Json& expected, const Golden& g) {
    expect(actual.size() == expected.array.size(), g, "number of headers");
    for (size_t i = 0; i < std::min(actual.size(), expected.array.size()); i++) {
        const std::vector<Json>& header = expected.array[i].array;
        expect(actual[i].key == header[0].text, g, "header name");
        expect(same(actual[i].value, bytes_of(header[1])), g, "header value");
    }
}

void compare_record(const Record& record, const Json& expected, const Golden& g) {
    expect(record.offset == expected["offset"].number, g, "offset");
    expect(record.timestamp == expected["timestamp"].number, g, "timestamp");
    expect(record.sequence == (expected.has("sequence") ? expected["sequence"].number : -1), g, "sequence");
    expect(same(record.key, bytes_of(expected["key"])), g, "key");
    expect(same(record.value, value_of(expected)), g, "value");
    compare_headers(record.headers, expected["headers"], g);
}

void compare_records(View batch, const Golden& g) {
    RecordReader reader(batch, samples::enough);
    Record record;
    for (const Json& expected : g.says["records"].array) {
        const bool there = reader.next(record);
        expect(there, g, std::string("a record is missing: ") + reader.failure());
        if (there) compare_record(record, expected, g);
    }
    expect(!reader.next(record) && reader.ok(), g, std::string("end of the batch: ") + reader.failure());
}

BatchOptions options_of(const Golden& g) {
    BatchOptions options;
    options.base_offset = g.number("base_offset");
    options.partition_leader_epoch = int32_t(g.number("partition_leader_epoch"));
    options.producer_id = g.number("producer_id");
    options.producer_epoch = int16_t(g.number("producer_epoch"));
    options.base_sequence = int32_t(g.number("base_sequence"));
    options.transactional = g.is("transactional");
    options.control = g.is("control");
    options.last_offset = g.number("last_offset");
    if (g.says["timestamp_type"].text == "LogAppendTime") options.log_append_time = g.number("max_timestamp");
    if (!g.says["delete_horizon_ms"].is_null()) options.delete_horizon_ms = g.number("delete_horizon_ms");
    return options;
}

void add_record(BatchBuilder& builder, const Json& record) {
    const std::optional<std::string> key = bytes_of(record["key"]), value = value_of(record);
    std::vector<std::optional<std::string>> header_values;
    for (const Json& header : record["headers"].array) header_values.push_back(bytes_of(header.array[1]));
    std::vector<Header> headers;
    for (size_t i = 0; i < header_values.size(); i++)
        headers.push_back({record["headers"].array[i].array[0].text, header_values[i]});
    builder.add_at(record["offset"].number, record["timestamp"].number, key, value, headers);
}

std::string rebuild(const Golden& g) {
    BatchBuilder builder(options_of(g));
    for (const Json& record : g.says["records"].array) add_record(builder, record);
    return builder.finish();
}

/// What the broker says to this batch when a client sends it.
ErrorCode expected_error(const Golden& g) {
    const auto count = int64_t(g.says["records"].array.size());
    if (count == 0 || g.is("control") || g.number("last_offset") - g.number("base_offset") != count - 1)
        return ErrorCode::invalid_record;
    if (g.says["timestamp_type"].text == "LogAppendTime") return ErrorCode::invalid_timestamp;
    for (int64_t i = 0; i < count; i++)
        if (g.says["records"].array[size_t(i)]["offset"].number != g.number("base_offset") + i)
            return ErrorCode::invalid_record;
    return ErrorCode::none;
}

/// The largest timestamp by Kafka's rule, where -1 means none.
int64_t largest_timestamp(const Golden& g) {
    int64_t largest = no_timestamp;
    for (const Json& record : g.says["records"].array)
        largest = std::max(largest, record["timestamp"].number);
    return largest;
}

} // namespace

TEST("golden: headers of format 2 say what Kafka says, and the CRC is right") {
    each_v2([](const Golden& g) {
        const std::optional<BatchHeader> header = read_header(g.bytes);
        expect(header.has_value(), g, "there is no header");
        if (!header) return;
        compare_header(*header, g);
        expect(compute_crc(g.bytes) == header->crc, g, "the CRC does not match");
    });
}

TEST("golden: records of format 2 are read under every codec") {
    each_v2([](const Golden& g) { compare_records(g.bytes, g); });
}

TEST("golden: uncompressed batches are rebuilt to the same bytes") {
    each_v2([](const Golden& g) {
        const bool append_time =
            g.says["timestamp_type"].text == "LogAppendTime"; // does not tell the stored deltas
        if (append_time || g.says["compression"].text != "none" || g.says["records"].array.empty()) return;
        expect(rebuild(g) == g.bytes, g, "the rebuilt batch differs");
    });
}

TEST("golden: stamping makes the LogAppendTime batch that Kafka makes") {
    std::string create_time, append_time;
    each_v2([&](const Golden& g) {
        if (g.name == "v2_none_3") create_time = g.bytes;
        if (g.name == "v2_none_append_time") append_time = g.bytes;
    });
    stamp(create_time.data(), 0, -1);
    stamp_log_append_time(create_time.data(), read_header(append_time)->max_timestamp);
    CHECK(create_time == append_time);
}

TEST("golden: records survive every codec") {
    each_v2([](const Golden& g) {
        if (g.says["records"].array.empty()) return;
        for (const Codec codec : all_codecs) {
            const std::optional<std::string> again =
                recompress(g.bytes, codec, std::nullopt, samples::enough);
            expect(again.has_value(), g, "not recompressed");
            if (!again) continue;
            compare_records(*again, g);
            expect(read_header(*again)->crc == compute_crc(*again), g, "the CRC of the recompressed batch");
        }
    });
}

TEST("golden: the broker accepts what a producer may send and refuses the rest") {
    each_v2([](const Golden& g) {
        std::string bytes = g.bytes;
        stamp(bytes.data(), 0, -1);
        const Checked checked = check(bytes, samples::current_produce_version, samples::enough);
        expect(checked.error == expected_error(g), g, "check says: " + checked.message);
        if (checked.error != ErrorCode::none) return;
        expect(checked.max_timestamp == largest_timestamp(g), g, "largest timestamp");
        expect(!checked.max_timestamp_wrong, g, "the header's max_timestamp is right");
    });
}

TEST("golden: every proper prefix is refused") {
    each_v2([](const Golden& g) {
        std::string bytes = g.bytes;
        stamp(bytes.data(), 0, -1);
        Record record;
        for (size_t size = 0; size < bytes.size(); size++) {
            const View prefix(bytes.data(), size);
            const Checked checked = check(prefix, samples::current_produce_version, samples::enough);
            expect(checked.error == ErrorCode::invalid_record, g, "a prefix passed the check");
            RecordReader reader(prefix, samples::enough);
            expect(!reader.next(record) && !reader.ok(), g, "a prefix was read");
        }
    });
}

TEST("golden: the formats 0 and 1 are refused") {
    for (const Golden& g : golden()) {
        if (g.number("magic") == 2) continue;
        expect(!read_header(g.bytes), g, "a header was read");
        const Checked checked = check(g.bytes, samples::current_produce_version, samples::enough);
        expect(checked.error == ErrorCode::invalid_record, g, "check says: " + checked.message);
        RecordReader reader(g.bytes, samples::enough);
        Record record;
        expect(!reader.next(record) && !reader.ok(), g, "a record was read");
    }
}
