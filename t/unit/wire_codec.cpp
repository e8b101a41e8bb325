// The rules of the codec: what is refused, what is accepted, and what hostile lengths cost. Where a test says
// "as Kafka", Kafka 4.2's own classes were given the same bytes.
#include "test.h"
#include "wire_messages.h"

using namespace wire_test;

// A message with what no served API has.
namespace wire_test::example {
struct Inner {
    int32_t number = 0;
    static void fields(auto& io, auto& m) { io(m.number); }
};
struct Outer {
    std::optional<Inner> inner;
    std::optional<RecordSlices> tagged_records;
    static void fields(auto& io, auto& m) { io(m.inner); }
    static void tags(auto& io, auto& m) { io.tag(3, m.tagged_records); }
};
} // namespace wire_test::example

namespace {

std::string spaceless(std::string text) {
    std::erase(text, ' ');
    return text;
}

/// Whether the body, in hex, is a message of this version; bytes left over do not matter.
template <class M> bool accepted(const std::string& hex, int16_t version, bool flexible) {
    const std::string bytes = from_hex(spaceless(hex));
    Decoder decoder(bytes, version, flexible);
    M message;
    decoder.message(message);
    return decoder.ok();
}
template <class R> bool accepted(const std::string& hex, int16_t version) {
    return accepted<R>(hex, version, R::api.flexible(version));
}

/// A Fetch request up to its tag buffer; no topics.
fetch::Request fetch_with_tags(const std::string& tags, int16_t version, bool& ok) {
    const std::string start = version < 15 ? "ffffffff" : "";
    const std::string bytes =
        from_hex(spaceless(start + "00000000 00000000 00000000 00 00000000 00000000 01 01 01" + tags));
    Decoder decoder(bytes, version, true);
    fetch::Request request;
    decoder.message(request);
    ok = decoder.ok() && decoder.left() == 0;
    return request;
}
bool tags_accepted(const std::string& tags, int16_t version = 12) {
    bool ok = false;
    fetch_with_tags(tags, version, ok);
    return ok;
}
std::string cluster_id(const std::string& tags) {
    bool ok = false;
    const fetch::Request request = fetch_with_tags(tags, 12, ok);
    CHECK(ok);
    return request.cluster_id.value_or("null");
}

std::string repeated(const std::string& text, size_t times) {
    std::string all;
    for (; times > 0; times--) all += text;
    return all;
}

} // namespace

TEST("codec: a null is refused where the field is not nullable in this version, as Kafka") {
    CHECK(!accepted<metadata::Request>("ffffffff", 0));
    CHECK(accepted<metadata::Request>("ffffffff", 1));
    CHECK(!accepted<metadata::Request>("00000001 ffff", 1));
    CHECK(!accepted<metadata::Request>("02 00 00 00 00 00 00", 9));
    CHECK(accepted<metadata::Request>("02" + repeated("00", 16) + "00 00 00 00 00 00", 10));
    CHECK(!accepted<api_versions::Request>("00 02 61 00", 3));
    CHECK(!accepted<delete_topics::Request>("ffffffff 00000000", 1));
}

TEST("codec: any negative length means null, as Kafka") {
    CHECK(accepted<metadata::Request>("fffffffe", 1));
    CHECK(accepted<produce::Request>("8000 0001 00000001 00000000", 3));
    CHECK(accepted<produce::Request>("ffff 0001 00000001 00000001 0001 61 00000001 00000000 fffffffe", 3));
    CHECK(accepted<produce::Request>("00 0001 00000001 02 02 61 02 00000000 ffffffff0f 00 00 00", 9));
}

TEST("codec: bytes that may not be null are there, if only empty, as Kafka") {
    const std::string start = "0001 67 00000001 0001 6d 00000001 0001 6d";
    CHECK(accepted<sync_group::Request>(start + "00000000", 0));
    CHECK(!accepted<sync_group::Request>(start + "ffffffff", 0));
    CHECK(!accepted<sync_group::Request>(start + "fffffffe", 0));
    const std::string compact_start = "02 67 00000001 02 6d 00 02 02 6d";
    CHECK(accepted<sync_group::Request>(compact_start + "01 00 00", 4));
    CHECK(!accepted<sync_group::Request>(compact_start + "00 00 00", 4));
    CHECK(!accepted<sync_group::Response>("0000 ffffffff", 0, false));
}

TEST("codec: a compact string may have 32767 bytes and not one more, as Kafka") {
    CHECK(accepted<api_versions::Request>("808002" + repeated("61", 32767) + "02 61 00", 3));
    CHECK(!accepted<api_versions::Request>("818002" + repeated("61", 32768) + "02 61 00", 3));
}

TEST("codec: any byte but 0 is true, as Kafka") {
    const std::string bytes = from_hex("0200");
    const auto request = decode<describe_cluster::Request>(bytes, 0, true);
    CHECK(request && request->include_cluster_authorized_operations);
}

TEST("codec: a nullable struct is absent only behind a negative byte, as Kafka") {
    const auto decoded = [](const std::string& hex) {
        return decode<example::Outer>(from_hex(hex), 0, false);
    };
    for (const char* marker : {"00", "01", "02", "7f"}) {
        const auto there = decoded(marker + std::string("00000005"));
        CHECK(there && there->inner && there->inner->number == 5);
        CHECK(!decoded(marker));
    }
    for (const char* marker : {"ff", "80"}) {
        const auto absent = decoded(marker);
        CHECK(absent && !absent->inner);
    }
    CHECK_EQ(to_hex(encode(example::Outer{}, 0, false)), "ff");
    CHECK_EQ(to_hex(encode(example::Outer{example::Inner{5}, {}}, 0, false)), "0100000005");
}

TEST("codec: a varint may take 5 bytes, not 6; bits beyond the 32nd are dropped, as Kafka") {
    CHECK(tags_accepted("80 80 80 80 00"));
    CHECK(tags_accepted("80 80 80 80 70"));
    CHECK(!tags_accepted("80 80 80 80 80 00"));
    CHECK(!tags_accepted("ff ff ff ff ff 01"));
}

TEST("codec: unknown tagged fields are skipped, in any order, and a tag given twice holds as given last, as "
     "Kafka") {
    CHECK_EQ(cluster_id("01 00 02 02 61"), "a");
    CHECK_EQ(cluster_id("02 05 01 7f 00 02 02 62"), "b");
    CHECK_EQ(cluster_id("02 00 02 02 61 00 02 02 62"), "b");
    CHECK_EQ(cluster_id("01 00 01 00"), "null");
    CHECK_EQ(cluster_id("ff ff ff ff 0f"), "null"); // a negative count
}

TEST("codec: a known tag is refused in a version that does not have it, as Kafka") {
    const std::string replica_state = "01 01 0d 00000001 0000000000000002 00";
    CHECK(!tags_accepted(replica_state, 12));
    CHECK(!tags_accepted(replica_state, 14));
    CHECK(tags_accepted(replica_state, 15));
}

TEST("codec: a known tagged field that does not fill its size is refused") {
    CHECK(!tags_accepted("01 00 03 02 61 00"));
    CHECK(!tags_accepted("01 00 01 02 61"));
    CHECK(!tags_accepted("01 00 00"));
}

TEST("codec: tagged fields that end behind the message are refused") {
    CHECK(!tags_accepted("01"));
    CHECK(!tags_accepted("01 05"));
    CHECK(!tags_accepted("01 05 7f 00"));
    CHECK(!tags_accepted("01 05 ff ff ff ff 0f"));
    CHECK(!tags_accepted("02 05 01 00"));
    CHECK(!tags_accepted("ff ff ff ff 07"));
}

TEST("codec: strings keep bytes that are not UTF-8") {
    const auto request = decode<find_coordinator::Request>(from_hex("0003ff00c3"), 0, false);
    CHECK(request && request->key == std::string("\xff\0\xc3", 3));
}

TEST("hostile: an array that counts more elements than bytes is refused before memory is taken for it") {
    for (const char* count : {"7fffffff", "00ffffff", "00000004", "00001000"}) {
        const std::string bytes = from_hex(count + std::string("000161"));
        Decoder decoder(bytes, 1, false);
        metadata::Request request;
        decoder.message(request);
        CHECK(!decoder.ok());
        CHECK_EQ(request.topics->capacity(), 0u);
    }
}

TEST("hostile: a count that the bytes might just hold reserves memory for a thousand elements at most") {
    const std::string bytes = from_hex("00010000") + std::string(65536, '\xff');
    Decoder decoder(bytes, 1, false);
    metadata::Request request;
    decoder.message(request);
    CHECK(!decoder.ok());
    CHECK(request.topics->capacity() <= 1024);
}

TEST("hostile: strings and records that claim more bytes than there are take no memory") {
    CHECK(!accepted<find_coordinator::Request>("7fff 61", 0));
    CHECK(!accepted<find_coordinator::Request>("ffffff0f 61 00 00", 3));
    CHECK(!accepted<sync_group::Request>("0001 67 00000001 0001 6d 00000001 0001 6d 7fffffff 61", 0));
    for (const char* length : {"7fffffff", "00000003", "10000000"}) {
        const std::string bytes = from_hex(spaceless("ffff 0001 00000001 00000001 0001 61 00000001 00000000" +
                                                     std::string(length) + "6161"));
        Decoder decoder(bytes, 3, false);
        produce::Request request;
        decoder.message(request);
        CHECK(!decoder.ok());
        CHECK(request.topic_data[0].partition_data[0].records.data.empty());
    }
}

TEST("hostile: a request that unfolds to many times its bytes is refused, a large honest one is not") {
    const auto topics = [](uint32_t count, const std::string& name) {
        Writer out;
        out.big(count);
        for (uint32_t i = 0; i < count; i++) {
            out.big(int16_t(name.size()));
            out.raw(name);
        }
        return std::move(out.out);
    };
    CHECK(!decode<metadata::Request>(topics(4000000, ""), 1, false));
    CHECK(decode<metadata::Request>(topics(200000, ""), 1, false));
    CHECK(decode<metadata::Request>(topics(max_elements, "orders"), 1, false));
}

TEST("hostile: nested arrays that lie at every level end at the first lie") {
    CHECK(
        !accepted<list_offsets::Request>("ffffffff 00000002 0001 61 00000002 0000000000000000 00000000", 1));
    CHECK(!accepted<create_topics::Request>(
        "00000001 0001 61 00000001 0001 7fffffff 00000000 00000000 00000000", 2));
}

TEST("encode: a string that the wire cannot say is cut at the end of a character") {
    find_coordinator::Request request;
    request.key = std::string(32766, 'a') + "\xc3\xa9";
    for (const int16_t version : {int16_t(0), int16_t(3)}) {
        const bool flexible = version == 3;
        const std::string bytes = encode(request, version, flexible);
        const auto back = decode<find_coordinator::Request>(bytes, version, flexible);
        CHECK(back && back->key == std::string(32766, 'a'));
    }
    request.key = std::string(32767, 'a');
    const auto back = decode<find_coordinator::Request>(encode(request, 0, false), 0, false);
    CHECK(back && back->key == request.key);
}

TEST("encode: a null goes out as an empty value in versions that have no null") {
    metadata::MetadataResponseTopic topic;
    topic.name.reset();
    CHECK_EQ(to_hex(encode(topic, 0, false)), "0000"
                                              "0000"
                                              "00000000");
    metadata::Request request;
    request.topics.reset();
    CHECK_EQ(to_hex(encode(request, 0, false)), "00000000");
    CHECK_EQ(to_hex(encode(request, 1, false)), "ffffffff");
}

TEST("encode: records are sent from where they lie, in their place; short ones are copied") {
    const auto owner = std::make_shared<std::string>(5000, 'x');
    const std::string little(10, 'y');
    fetch::PartitionData partition;
    partition.records.slices = {{owner, View(*owner)}, {nullptr, little}, {owner, View(*owner).substr(1000)}};
    Writer out;
    Encoder(out, 4, false).message(partition);
    CHECK_EQ(out.size(), 30u + 5000 + 10 + 4000);
    const Encoded encoded = std::move(out).finish();
    CHECK_EQ(encoded.size, 30u + 5000 + 10 + 4000);
    CHECK_EQ(encoded.parts.size(), 4u);
    CHECK(encoded.parts[1].data.data() == owner->data());
    CHECK(encoded.parts[1].owner == owner);
    CHECK_EQ(encoded.parts[2].data, little);
    CHECK(encoded.parts[3].data.data() == owner->data() + 1000);
    CHECK_EQ(to_hex(joined(encoded).substr(26, 4)), "00002332");
}

TEST("encode: what members say to each other is sent from where it lies; short ones are copied") {
    const auto owner = std::make_shared<std::string>(5000, 'x');
    join_group::Response response;
    response.members.resize(2);
    response.members[0].metadata = {owner, View(*owner)};
    response.members[1].metadata = {owner, View(*owner).substr(0, 3)};
    Writer out;
    Encoder(out, 0, false).message(response);
    const Encoded encoded = std::move(out).finish();
    CHECK_EQ(encoded.parts.size(), 3u);
    CHECK(encoded.parts[1].data.data() == owner->data());
    CHECK(encoded.parts[1].owner == owner);
    CHECK_EQ(to_hex(encoded.parts[2].data), "0000"
                                            "00000003"
                                            "787878");
    CHECK_EQ(encoded.size, joined(encoded).size());
}

TEST("encode: records are null, empty or there") {
    fetch::PartitionData partition;
    const auto end_of = [&] {
        const std::string bytes = encode(partition, 4, false);
        return to_hex(View(bytes).substr(26));
    };
    CHECK_EQ(end_of(), "ffffffff");
    partition.records.null = false;
    CHECK_EQ(end_of(), "00000000");
}

TEST("encode: slices within a tagged field keep their place") {
    const auto owner = std::make_shared<std::string>(600, 'x');
    example::Outer message;
    message.tagged_records.emplace().slices = {{owner, View(*owner)}};
    const std::string bytes = encode(message, 0, true);
    CHECK_EQ(to_hex(View(bytes).substr(0, 6)), "ff0103da04"
                                               "d9");
    CHECK_EQ(bytes.size(), 7u + 600);
    const auto back = decode<example::Outer>(bytes, 0, true);
    CHECK(back && back->tagged_records && back->tagged_records->slices[0].data == *owner);
}

TEST("codec: a port has no sign") {
    describe_quorum::Response response;
    response.nodes.push_back({1, {{"PLAINTEXT", "h", 65535}}});
    const std::string bytes = encode(response, 2, true);
    const auto back = decode<describe_quorum::Response>(bytes, 2, true);
    CHECK(back && back->nodes[0].listeners[0].port == 65535);
    CHECK(to_hex(bytes).find("0268ffff") != std::string::npos);
}
