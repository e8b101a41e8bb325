// Headers, stamping, building and reading of batches. The golden vectors of record_golden.cpp say the same in
// bytes.
#include "record/batch.h"

#include "record/builder.h"
#include "record/check.h"
#include "record/records.h"
#include "record_samples.h"
#include "test.h"

using namespace kafka::record;
using kafka::wire::View;
using samples::some_time;

namespace {

bool crc_is_right(View batch) { return read_header(batch)->crc == compute_crc(batch); }

/// A record with bytes of its own.
struct Owned {
    int64_t offset, timestamp;
    int32_t sequence;
    std::optional<std::string> key, value;
    size_t headers;
};

std::optional<std::string> owned(std::optional<View> bytes) {
    return bytes ? std::optional(std::string(*bytes)) : std::nullopt;
}

std::vector<Owned> read_all(View batch) {
    RecordReader reader(batch, samples::enough);
    std::vector<Owned> records;
    for (Record r; reader.next(r);)
        records.push_back(
            {r.offset, r.timestamp, r.sequence, owned(r.key), owned(r.value), r.headers.size()});
    CHECK_EQ(reader.failure(), std::string());
    return records;
}

} // namespace

TEST("batch: stamping offset and leader epoch leaves the CRC right") {
    std::string batch = samples::batch(samples::header(2), samples::records(2));
    const uint32_t crc = read_header(batch)->crc;
    stamp(batch.data(), 0x123456789abcdef, 77);
    const BatchHeader header = *read_header(batch);
    CHECK_EQ(header.base_offset, 0x123456789abcdef);
    CHECK_EQ(header.last_offset(), 0x123456789abcdef + 1);
    CHECK_EQ(header.partition_leader_epoch, 77);
    CHECK_EQ(header.crc, crc);
    CHECK(crc_is_right(batch));
}

TEST("batch: stamping LogAppendTime changes what every record's timestamp is, and nothing else") {
    BatchHeader header = samples::header(2);
    header.attributes = attribute::transactional;
    std::string batch = samples::batch(header, samples::records(2));
    stamp_log_append_time(batch.data(), some_time + 5);
    const BatchHeader stamped = *read_header(batch);
    CHECK(stamped.timestamp_type() == TimestampType::log_append_time);
    CHECK_EQ(stamped.attributes, attribute::transactional | attribute::log_append_time);
    CHECK_EQ(stamped.max_timestamp, some_time + 5);
    CHECK_EQ(stamped.base_timestamp, some_time);
    CHECK(crc_is_right(batch));
    for (const Owned& record : read_all(batch)) CHECK_EQ(record.timestamp, some_time + 5);
}

TEST("batch: a header written and read is the same") {
    BatchHeader h;
    h.base_offset = INT64_MAX, h.batch_length = 49, h.partition_leader_epoch = INT32_MAX, h.crc = 0xfedcba98;
    h.attributes = 0x7a, h.last_offset_delta = -2, h.base_timestamp = INT64_MIN, h.max_timestamp = 3;
    h.producer_id = 1LL << 40, h.producer_epoch = -3, h.base_sequence = 1 << 20, h.count = -9;
    std::string bytes(61, '\0'), again(61, 'x');
    write_header(bytes.data(), h);
    write_header(again.data(), *read_header(bytes));
    CHECK(bytes == again);
    CHECK(read_header(bytes)->producer_epoch == -3);
    CHECK(read_header(bytes)->crc == 0xfedcba98);
}

TEST("batch: no header is read from fewer than 61 bytes or another magic") {
    const std::string batch = samples::batch(samples::header(1), samples::records(1));
    for (size_t size = 0; size < 61; size++) CHECK(!read_header({batch.data(), size}));
    CHECK(read_header({batch.data(), 61}).has_value());
    for (const int magic : {-1, 0, 1, 3}) {
        std::string other = batch;
        other[16] = char(magic);
        CHECK(!read_header(other));
    }
}

TEST("batch: sequences wrap from 2147483647 to 0") {
    BatchHeader header = samples::header(3);
    header.base_sequence = INT32_MAX - 1;
    CHECK_EQ(header.sequence_of(0), INT32_MAX - 1);
    CHECK_EQ(header.sequence_of(1), INT32_MAX);
    CHECK_EQ(header.sequence_of(2), 0);
    CHECK_EQ(header.last_sequence(), 0);
    header.base_sequence = -1;
    CHECK_EQ(header.last_sequence(), -1);
}

TEST("records: damaged batches end with a failure, not with wrong records") {
    const std::string good = samples::batch(samples::header(3), samples::records(3));
    const auto failure_of = [](View bytes) {
        RecordReader reader(bytes, samples::enough);
        for (Record record; reader.next(record);) {
        }
        return std::string(reader.failure());
    };
    CHECK_EQ(failure_of(good), "");
    CHECK_EQ(failure_of(good + "next batch"), "");
    for (size_t size = 0; size < good.size(); size++) CHECK(!failure_of({good.data(), size}).empty());
    for (const int32_t count : {-1, 1, 2, 4, INT32_MAX}) {
        BatchHeader header = samples::header(3);
        header.count = count;
        CHECK(!failure_of(samples::batch(header, samples::records(3))).empty());
    }
    CHECK(!failure_of(samples::batch(samples::header(3, Codec::gzip), samples::records(3))).empty());
}

TEST("records: reading goes on at any place that it has been at") {
    for (const Codec codec : {Codec::none, Codec::zstd}) {
        const std::string stored = compress(codec, std::nullopt, samples::records(5));
        const std::string batch = samples::batch(samples::header(5, codec), stored);
        RecordReader reader(batch, samples::enough);
        Record record;
        std::vector<RecordReader::Place> places;
        do places.push_back(reader.place());
        while (reader.next(record));
        CHECK_EQ(places.size(), 6U);
        for (int64_t i = 4; i >= 0; i--) {
            reader.go_to(places[size_t(i)]);
            CHECK(reader.next(record));
            CHECK_EQ(record.offset, i);
        }
        reader.go_to(places.back());
        CHECK(!reader.next(record));
        CHECK(reader.ok());
    }
}

TEST("records: decompression is bounded") {
    const std::string records = samples::records(1, 100000);
    const std::string batch =
        samples::batch(samples::header(1, Codec::zstd), compress(Codec::zstd, std::nullopt, records));
    Record record;
    CHECK(RecordReader(batch, records.size()).next(record));
    RecordReader refused(batch, records.size() - 1);
    CHECK(!refused.next(record));
    CHECK(!refused.ok());
}

TEST("records: a reused record keeps nothing of the one before it") {
    BatchBuilder builder(BatchOptions{});
    const Header header{"name", "value"};
    builder.add(some_time, "k", "v", {&header, 1});
    builder.add(some_time, std::nullopt, std::nullopt);
    const std::vector<Owned> records = read_all(builder.finish());
    CHECK_EQ(records[0].headers, 1u);
    CHECK_EQ(records[1].headers, 0u);
    CHECK(!records[1].key);
    CHECK(!records[1].value);
}

TEST("builder: what it builds passes the broker's check and reads back") {
    for (const Codec codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        BatchBuilder builder({.codec = codec, .producer_id = 9, .producer_epoch = 2, .base_sequence = 100});
        for (int i = 0; i < 1000; i++) builder.add(some_time + i % 7, std::to_string(i), "value");
        const std::string batch = builder.finish();
        const Checked checked = check(batch, samples::current_produce_version, samples::enough);
        CHECK_EQ(checked.message, "");
        CHECK(!checked.max_timestamp_wrong);
        CHECK_EQ(checked.max_timestamp, some_time + 6);
        const std::vector<Owned> records = read_all(batch);
        CHECK_EQ(records.size(), 1000u);
        CHECK_EQ(records[999].offset, 999);
        CHECK_EQ(records[999].sequence, 1099);
        CHECK_EQ(*records[13].key, "13");
        CHECK_EQ(builder.count(), 0);
    }
}

TEST("builder: recompressing keeps records and header fields under every pair of codecs") {
    const Codec codecs[] = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};
    for (const Codec from : codecs)
        for (const Codec to : codecs) {
            BatchBuilder builder({.codec = from,
                                  .base_offset = 40,
                                  .partition_leader_epoch = 3,
                                  .producer_id = 1,
                                  .producer_epoch = 0,
                                  .base_sequence = 0,
                                  .transactional = true});
            for (int i = 0; i < 50; i++) builder.add(some_time + i, "key", std::to_string(i));
            const std::string before = builder.finish();
            const std::string after = *recompress(before, to, std::nullopt, samples::enough);
            const BatchHeader header = *read_header(after);
            CHECK(header.codec() == to);
            CHECK(header.is_transactional());
            CHECK_EQ(header.base_offset, 40);
            CHECK_EQ(header.partition_leader_epoch, 3);
            CHECK_EQ(header.size_in_bytes(), after.size());
            CHECK(crc_is_right(after));
            CHECK(*read_all(after)[49].value == "49");
            CHECK(*recompress(after, Codec::none, std::nullopt, samples::enough) ==
                  *recompress(before, Codec::none, std::nullopt, samples::enough));
        }
}

TEST("builder: what is no batch is not recompressed") {
    const std::string batch = samples::batch(samples::header(1, Codec::gzip), "not gzip");
    CHECK(!recompress(batch, Codec::zstd, std::nullopt, samples::enough));
    CHECK(!recompress(batch.substr(0, 65), Codec::zstd, std::nullopt, samples::enough));
    CHECK(!recompress("", Codec::zstd, std::nullopt, samples::enough));
}
