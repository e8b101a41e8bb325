// See targets.h.
#include "targets.h"

#include "group/embedded_protocol.h"
#include "group/topic_regex.h"
#include "net/frame_reader.h"
#include "net/pipeline.h"
#include "record/builder.h"
#include "record/check.h"
#include "record/records.h"
#include "wire/requests.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

namespace fuzz {

void must(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

namespace {

using namespace kafka;

constexpr size_t max_decompressed = 1 << 20;

/// The next byte of the input, which is taken off; 0 at its end.
uint8_t take(std::string_view& input) {
    if (input.empty()) return 0;
    const auto byte = uint8_t(input.front());
    input.remove_prefix(1);
    return byte;
}

/// Makes length, magic and CRC what check() wants, or as many of them as `what` has bits for.
void mend(std::string& batch, uint8_t what) {
    if (batch.size() < record::batch_header_size) return;
    if (what & 1) {
        wire::Writer length;
        length.big(int32_t(batch.size() - 12));
        batch.replace(8, 4, length.out);
    }
    if (what & 2) batch[16] = record::magic_v2;
    if (what & 4) {
        wire::Writer crc;
        crc.big(int32_t(record::compute_crc(batch)));
        batch.replace(17, 4, crc.out);
    }
}

/// Reads all records; how many, or nothing if the batch is damaged.
std::optional<int32_t> count_records(wire::View batch) {
    record::RecordReader reader(batch, max_decompressed);
    record::Record read;
    int32_t count = 0;
    size_t bytes = 0; // so that the views are looked at
    while (reader.next(read)) {
        count++;
        bytes += read.key ? read.key->size() : 0;
        if (read.value && !read.value->empty()) bytes += uint8_t(read.value->back());
    }
    must(bytes < size_t(count + 1) * (max_decompressed + 256), "keys lie within the batch");
    if (!reader.ok()) return std::nullopt;
    return count;
}

void recompressed_is_the_same(wire::View batch, int32_t records, uint8_t codec) {
    const auto again = record::recompress(batch, record::Codec(codec % 5), std::nullopt, max_decompressed);
    must(again.has_value(), "a batch that passed can be recompressed");
    must(count_records(*again) == records, "and has the same number of records then");
    must(record::check(*again, 13, max_decompressed).error == wire::ErrorCode::none, "and passes again");
}

void subscription(std::string_view input) {
    const auto topics = group::subscribed_topics_of(input);
    const auto read = group::read_subscription(input);
    if (!read) return;
    must(topics.has_value(), "the topics of a whole subscription can be read");
    must(read->version >= 0, "a version is not negative");
    must(read->topics.size() <= topics->size(), "no topic is made up");
    for (const std::string& topic : read->topics)
        must(std::find(topics->begin(), topics->end(), topic) != topics->end(),
             "topics are those that were written");
    must(std::adjacent_find(read->topics.begin(), read->topics.end(), std::greater_equal<>()) ==
             read->topics.end(),
         "topics are in order, each once");
}

void assignment(std::string_view input) {
    const auto read = group::read_assignment(input);
    if (!read) return;
    const auto again = group::read_assignment(group::write_assignment(1, read->partitions));
    must(again && again->partitions == read->partitions, "what was read can be written");
    must(!again->has_user_data, "without user data");
}

void regex(std::string_view input) {
    std::string why;
    const auto compiled = group::TopicRegex::compile(input, why);
    must(compiled || !why.empty(), "a refusal says why");
    if (!compiled) return;
    (void)compiled->matches("orders");
    (void)compiled->matches(input.substr(0, 249));
}

} // namespace

void group(std::string_view input) {
    constexpr void (*readers[])(std::string_view) = {subscription, assignment, regex};
    const uint8_t which = take(input);
    readers[which % 3](input);
}

void wire(std::string_view input) {
    const wire::DecodeResult result = wire::decode_request(input);
    must(result.describe().size() < 200, "what is logged is short");
    if (result.ok()) must(result.memory <= (size_t(16) << 20) + 8 * input.size(), "memory is bounded");
}

void record(std::string_view input) {
    const uint8_t what = take(input), codec = take(input);
    std::string batch(input);
    mend(batch, what);
    const std::optional<int32_t> records = count_records(batch);
    const record::Checked checked = record::check(batch, int16_t(3 + what % 11), max_decompressed);
    if (checked.error != wire::ErrorCode::none) {
        must(!checked.message.empty(), "a refusal says why");
        return;
    }
    must(records == checked.header.count, "what passed can be read");
    record::Limits tight;
    tight.max_message_bytes = tight.segment_bytes = int64_t(max_decompressed);
    tight.now_ms = checked.max_timestamp;
    tight.compacted = what & 8;
    (void)record::violates(checked, tight, batch);
    recompressed_is_the_same(batch, *records, codec);
}

void net(std::string_view input) {
    const auto budget = std::make_shared<net::MemoryBudget>(1 << 20, [] {});
    {
        net::FrameReader reader;
        net::Pipeline pipeline;
        const size_t pieces[] = {size_t(take(input)) + 1, size_t(take(input)) + 1};
        for (size_t i = 0; !input.empty(); i++) {
            wire::View piece = input.substr(0, pieces[i % 2]);
            input.remove_prefix(piece.size());
            while (!piece.empty()) {
                const auto status = reader.read(piece, 1 << 20, budget);
                if (status == net::FrameReader::Status::bad_size) return;
                if (status == net::FrameReader::Status::complete) pipeline.arrived(reader.take_frame(), i);
            }
            while (const auto frame = pipeline.admit()) {
                must(frame->complete(), "a request is whole");
                (void)wire::decode_request(frame->view());
                if (i % 3 != 0) pipeline.answer(pipeline.last_sequence(), {});
            }
            while (pipeline.any_ready()) (void)pipeline.take_ready();
        }
    }
    must(budget->used() == 0, "all request memory is given back");
}

} // namespace fuzz
