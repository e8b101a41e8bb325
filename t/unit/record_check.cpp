// What the broker demands of a produced batch, one fault at a time, with the error that Kafka answers.
#include "record/check.h"

#include "record/builder.h"
#include "record_samples.h"
#include "test.h"

#include <functional>

using namespace kafka::record;
using kafka::wire::ErrorCode;
using kafka::wire::View;
using samples::some_time;

namespace {

constexpr Codec real_codecs[] = {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

Checked check_now(View records) { return check(records, samples::current_produce_version, samples::enough); }

ErrorCode error_of(View records) {
    const Checked checked = check_now(records);
    CHECK_EQ(checked.error == ErrorCode::none, checked.message.empty());
    return checked.error;
}

std::string good_batch() { return samples::batch(samples::header(2), samples::records(2)); }

/// The answer to a good batch whose header was changed before it was sealed.
ErrorCode error_with(const std::function<void(BatchHeader&)>& change) {
    BatchHeader header = samples::header(2);
    change(header);
    return error_of(samples::batch(header, samples::records(2)));
}

/// The answer to a batch of these stored records, under no codec and under each.
void check_refused(int32_t count, const std::string& records, int32_t bad_record) {
    const Checked plain = check_now(samples::batch(samples::header(count), records));
    CHECK_EQ(plain.error, ErrorCode::invalid_record);
    CHECK_EQ(plain.bad_record, bad_record);
    for (const Codec codec : real_codecs) {
        const std::string compressed = compress(codec, std::nullopt, records);
        const Checked checked = check_now(samples::batch(samples::header(count, codec), compressed));
        CHECK_EQ(checked.error, ErrorCode::invalid_record);
        CHECK_EQ(checked.bad_record, bad_record);
    }
}

std::string with_headers(const std::string& stored_headers) {
    return samples::record(0, 0, "k", "v", stored_headers);
}

} // namespace

TEST("check: a batch as a producer sends it is accepted under every codec") {
    CHECK_EQ(error_of(good_batch()), ErrorCode::none);
    for (const Codec codec : real_codecs) {
        const std::string records = compress(codec, std::nullopt, samples::records(100, 50));
        const Checked checked = check_now(samples::batch(samples::header(100, codec), records));
        CHECK_EQ(checked.error, ErrorCode::none);
        CHECK(checked.codec == codec);
        CHECK_EQ(checked.size, records.size() + 61);
        CHECK_EQ(checked.header.count, 100);
    }
}

TEST("check: no batch, or one cut short, is INVALID_RECORD; one shorter than its header is corrupt") {
    const std::string good = good_batch();
    for (size_t size = 0; size < good.size(); size++)
        CHECK_EQ(error_of({good.data(), size}), ErrorCode::invalid_record);
    std::string tiny = good.substr(0, 60);
    layout::store32(tiny.data() + layout::batch_length, 48);
    CHECK_EQ(error_of(tiny), ErrorCode::corrupt_message);
}

TEST("check: a batch length that lies is never believed") {
    std::string bytes = good_batch();
    const auto length = int32_t(bytes.size() - 12);
    const std::pair<int32_t, ErrorCode> lies[] = {
        {INT32_MIN, ErrorCode::corrupt_message}, {-1, ErrorCode::corrupt_message},
        {0, ErrorCode::corrupt_message},         {13, ErrorCode::corrupt_message},
        {14, ErrorCode::corrupt_message},        {48, ErrorCode::corrupt_message},
        {49, ErrorCode::invalid_record},         {length - 1, ErrorCode::invalid_record},
        {length + 1, ErrorCode::invalid_record}, {INT32_MAX, ErrorCode::invalid_record},
    };
    for (const auto& [lie, error] : lies) {
        layout::store32(bytes.data() + layout::batch_length, uint32_t(lie));
        CHECK_EQ(error_of(bytes), error);
    }
}

TEST("check: the formats 0 and 1 are INVALID_RECORD, unknown ones are corrupt") {
    for (int magic = -128; magic < 128; magic++) {
        std::string bytes = good_batch();
        bytes[layout::magic] = char(magic);
        CHECK_EQ(error_of(samples::sealed(bytes)), magic == 2                 ? ErrorCode::none
                                                   : magic == 0 || magic == 1 ? ErrorCode::invalid_record
                                                                              : ErrorCode::corrupt_message);
    }
}

TEST("check: two batches, or any byte after the batch, are INVALID_RECORD") {
    const std::string good = good_batch();
    CHECK_EQ(error_of(good + good), ErrorCode::invalid_record);
    CHECK_EQ(error_of(good + "x"), ErrorCode::invalid_record);
    CHECK_EQ(error_of(good + good.substr(0, 40)), ErrorCode::invalid_record);
}

TEST("check: zstd is unsupported before Produce v7, other codecs are not") {
    for (const Codec codec : real_codecs) {
        const std::string bytes =
            samples::batch(samples::header(1, codec), compress(codec, std::nullopt, samples::records(1)));
        CHECK_EQ(check(bytes, 6, samples::enough).error,
                 codec == Codec::zstd ? ErrorCode::unsupported_compression_type : ErrorCode::none);
        CHECK_EQ(check(bytes, 7, samples::enough).error, ErrorCode::none);
    }
}

TEST("check: every flipped bit is refused but those of the leader epoch, which the broker sets") {
    for (const Codec codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        std::string bytes =
            samples::batch(samples::header(3, codec), compress(codec, std::nullopt, samples::records(3, 20)));
        for (size_t bit = 0; bit < bytes.size() * 8; bit++) {
            bytes[bit / 8] ^= char(1 << bit % 8);
            const bool in_leader_epoch = bit / 8 >= 12 && bit / 8 < 16;
            CHECK_EQ(check_now(bytes).error == ErrorCode::none, in_leader_epoch);
            if (bit / 8 >= layout::crc) CHECK_EQ(error_of(bytes), ErrorCode::corrupt_message);
            bytes[bit / 8] ^= char(1 << bit % 8);
        }
    }
}

TEST("check: the base offset is looked at before the CRC, the codec after it") {
    std::string bytes = good_batch();
    layout::store32(bytes.data() + layout::crc, 1);
    CHECK_EQ(error_of(bytes), ErrorCode::corrupt_message);
    layout::store64(bytes.data(), 1);
    CHECK_EQ(error_of(bytes), ErrorCode::invalid_record);

    std::string unknown_codec = good_batch();
    unknown_codec[22] = 5;
    CHECK_EQ(error_of(unknown_codec), ErrorCode::corrupt_message);
    CHECK_EQ(error_of(samples::sealed(unknown_codec)), ErrorCode::unknown_server_error);
}

TEST("check: header fields that contradict a produced batch are INVALID_RECORD") {
    CHECK_EQ(error_with([](auto& h) { h.base_offset = -1; }), ErrorCode::invalid_record);
    CHECK_EQ(error_with([](auto& h) { h.base_offset = 7; }), ErrorCode::invalid_record);
    CHECK_EQ(error_with([](auto& h) { h.last_offset_delta = 0; }), ErrorCode::invalid_record);
    CHECK_EQ(error_with([](auto& h) { h.last_offset_delta = 2; }), ErrorCode::invalid_record);
    CHECK_EQ(error_with([](auto& h) { h.last_offset_delta = -1; }), ErrorCode::invalid_record);
    CHECK_EQ(error_with([](auto& h) { h.attributes = attribute::control; }), ErrorCode::invalid_record);
    CHECK_EQ(error_with([](auto& h) { h.producer_id = 5; }), ErrorCode::invalid_record);
    CHECK_EQ(error_with([](auto& h) { h.producer_id = 5, h.base_sequence = INT32_MIN; }),
             ErrorCode::invalid_record);
    CHECK_EQ(error_with([](auto& h) { h.producer_id = 5, h.base_sequence = 0; }), ErrorCode::none);
    CHECK_EQ(error_with([](auto& h) { h.producer_id = 5, h.base_sequence = INT32_MAX; }), ErrorCode::none);
    CHECK_EQ(error_with([](auto& h) { h.attributes = attribute::transactional; }), ErrorCode::none);
    CHECK_EQ(error_with([](auto& h) { h.attributes = int16_t(0xff80); }), ErrorCode::none);
}

TEST("check: a producer that claims LogAppendTime gets INVALID_TIMESTAMP") {
    CHECK_EQ(error_with([](auto& h) { h.attributes = attribute::log_append_time; }),
             ErrorCode::invalid_timestamp);
}

TEST("check: a count that lies is refused without room being made for it") {
    const std::string records = samples::records(2);
    const auto error_of_count = [&](int32_t count) {
        return error_of(samples::batch(samples::header(count), records));
    };
    CHECK_EQ(error_of_count(2), ErrorCode::none);
    for (const int32_t lie : {INT32_MIN, -1, 0, 1, 3, 1000, INT32_MAX})
        CHECK_EQ(error_of_count(lie), ErrorCode::invalid_record);
    CHECK_EQ(error_of(samples::batch(samples::header(0), "")), ErrorCode::invalid_record);
    CHECK_EQ(error_of(samples::batch(samples::header(1), "")), ErrorCode::invalid_record);
}

TEST("check: more or fewer records than the count are refused under every codec") {
    check_refused(1, samples::records(2), -1);
    check_refused(3, samples::records(2), 2);
    check_refused(2, samples::records(2) + "x", -1);
    check_refused(1, samples::records(1) + std::string(1, '\0'), -1);
}

TEST("check: offset deltas must run from 0 without a gap") {
    const auto deltas = [](int32_t first, int32_t second) {
        return samples::record(first) + samples::record(second);
    };
    check_refused(2, deltas(0, 0), 1);
    check_refused(2, deltas(0, 2), 1);
    check_refused(2, deltas(1, 2), 0);
    check_refused(2, deltas(1, 0), 0);
    check_refused(2, deltas(-1, 0), 0);
}

TEST("check: a record's length must be exactly what its fields take") {
    const std::string record = samples::record(0), body = record.substr(1);
    for (int64_t length = -3; length < 20; length++)
        if (length != int64_t(body.size())) {
            const Checked checked =
                check_now(samples::batch(samples::header(1), samples::varint(length) + body));
            CHECK_EQ(checked.error, ErrorCode::invalid_record);
        }
    check_refused(1, samples::varint(INT32_MAX) + body, 0);
    check_refused(1, samples::varint(INT32_MIN) + body, 0);
    check_refused(1, samples::varint(int64_t(body.size() + 2)) + body + "zz", 0);
}

TEST("check: lengths of key and value are compared with the record; any negative one is null") {
    const auto record = [](int64_t key_size, int64_t value_size) {
        const std::string body =
            std::string(3, '\0') + samples::varint(key_size) + samples::varint(value_size) + '\0';
        return samples::varint(int64_t(body.size())) + body;
    };
    for (const int32_t null : {-1, -2, INT32_MIN}) {
        const Checked checked = check_now(samples::batch(samples::header(1), record(null, 0)));
        CHECK_EQ(checked.error, ErrorCode::none);
        CHECK_EQ(checked.first_null_key, 0);
    }
    for (const int32_t lie : {3, 100, INT32_MAX}) {
        check_refused(1, record(lie, 0), 0);
        check_refused(1, record(0, lie), 0);
    }
}

TEST("check: varints longer than their type are refused") {
    const std::string body = samples::record(0).substr(1);
    check_refused(1, std::string("\x92\x80\x80\x80\x80", 5) + '\0' + body, 0); // a length of six bytes
    check_refused(1, std::string(20, '\x80'), 0);
    const std::string eleven = std::string(10, '\x80') + '\0';
    const std::string timestamp = '\0' + eleven + body.substr(2);
    check_refused(1, samples::varint(int64_t(timestamp.size())) + timestamp, 0);
}

TEST("check: headers need a name, may lack a value, and their count is not believed") {
    const auto error_of_headers = [](const std::string& stored) {
        return error_of(samples::batch(samples::header(1), with_headers(stored)));
    };
    const std::string one = samples::varint(1), null = samples::varint(-1), a = samples::varint(1) + "a";
    CHECK_EQ(error_of_headers(one + a + a), ErrorCode::none);
    CHECK_EQ(error_of_headers(one + a + null), ErrorCode::none);
    CHECK_EQ(error_of_headers(one + samples::varint(0) + null), ErrorCode::none);
    check_refused(1, with_headers(one + null + a), 0);
    check_refused(1, with_headers(samples::varint(2) + a + a), 0);
    check_refused(1, with_headers(one + a + a + a + a), 0);
    check_refused(1, with_headers(one + a), 0);
    check_refused(1, with_headers(one + a + samples::varint(1000)), 0);
    for (const int32_t lie : {-1, 1 << 30, INT32_MAX, INT32_MIN})
        check_refused(1, with_headers(samples::varint(lie)), 0);
}

TEST("check: data that do not decompress are answered as Kafka answers them, with what is wrong") {
    for (const Codec codec : real_codecs) {
        const Checked checked = check_now(samples::batch(samples::header(2, codec), samples::records(2)));
        CHECK_EQ(checked.error, ErrorCode::unknown_server_error);
        CHECK(!checked.message.empty());
        CHECK_EQ(error_of(samples::batch(samples::header(2, codec), "")), ErrorCode::unknown_server_error);
    }
}

TEST("check: records that decompress to more than the bound are MESSAGE_TOO_LARGE") {
    const std::string records = samples::record(0, 0, "k", std::string(1 << 20, '\0'));
    for (const Codec codec : real_codecs) {
        const std::string bytes =
            samples::batch(samples::header(1, codec), compress(codec, std::nullopt, records));
        CHECK_EQ(check(bytes, 13, records.size()).error, ErrorCode::none);
        CHECK_EQ(check(bytes, 13, records.size() - 1).error, ErrorCode::message_too_large);
    }
}

TEST("check: the summary tells the timestamps and the first record without key") {
    const std::string records = samples::record(0, 5, "k") + samples::record(1, 20, std::nullopt) +
                                samples::record(2, -7, std::nullopt) + samples::record(3, 20, "k");
    BatchHeader header = samples::header(4);
    header.max_timestamp = some_time + 20;
    const Checked checked = check_now(samples::batch(header, records));
    CHECK_EQ(checked.error, ErrorCode::none);
    CHECK_EQ(checked.max_timestamp, some_time + 20);
    CHECK_EQ(checked.max_timestamp_delta, 1);
    CHECK_EQ(checked.min_timestamp, some_time - 7);
    CHECK_EQ(checked.first_null_key, 1);
    CHECK(!checked.max_timestamp_wrong);
    CHECK_EQ(check_now(good_batch()).first_null_key, -1);
}

TEST("check: a wrong max_timestamp is noticed, and stamping it makes the batch right") {
    BatchHeader header = samples::header(2);
    header.max_timestamp = some_time + 1'000'000'000;
    std::string bytes = samples::batch(header, samples::records(2));
    const Checked checked = check_now(bytes);
    CHECK_EQ(checked.error, ErrorCode::none);
    CHECK(checked.max_timestamp_wrong);
    CHECK_EQ(checked.max_timestamp, some_time);
    stamp_max_timestamp(bytes.data(), checked.max_timestamp);
    CHECK(bytes == good_batch());
}

TEST("check: records without timestamp have none in the summary") {
    BatchHeader header = samples::header(2);
    header.base_timestamp = header.max_timestamp = no_timestamp;
    const Checked checked = check_now(samples::batch(header, samples::records(2)));
    CHECK_EQ(checked.max_timestamp, no_timestamp);
    CHECK_EQ(checked.min_timestamp, no_timestamp);
    CHECK(!checked.max_timestamp_wrong);
}

TEST("check: damaged batches with a right CRC never crash, and what is accepted can be read") {
    std::mt19937 random(7);
    for (const Codec codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        const std::string good =
            samples::batch(samples::header(5, codec), compress(codec, std::nullopt, samples::records(5, 12)));
        for (int round = 0; round < 4000; round++) {
            std::string bytes = good;
            for (unsigned changes = random() % 4 + 1; changes > 0; changes--)
                bytes[16 + random() % (bytes.size() - 16)] = char(random());
            bytes = samples::sealed(bytes);
            const Checked checked = check(bytes, 13, 100000);
            RecordReader reader(bytes, 100000);
            Record record;
            int32_t count = 0;
            while (reader.next(record)) count++;
            if (checked.error != ErrorCode::none) continue;
            CHECK(reader.ok());
            CHECK_EQ(count, checked.header.count);
        }
    }
}
