// Frames: which are requests, which are not and why, and how responses are framed.
#include "test.h"
#include "wire_messages.h"

using namespace wire_test;

namespace {

std::string frame(int16_t api_key, int16_t version, const std::string& rest_hex) {
    Writer out;
    out.big(api_key);
    out.big(version);
    out.big(int32_t(77));
    out.raw(from_hex(rest_hex));
    return std::move(out.out);
}

} // namespace

TEST("requests: each API is listed once, in the order of keys, with a sensible range") {
    int last = -1;
    for (const Api& api : apis()) {
        CHECK(api.key > last);
        last = api.key;
        CHECK(api.versions.since <= api.versions.until);
        CHECK(api.advertised_min <= api.versions.since);
        CHECK(api.first_flexible <= api.versions.until || api.first_flexible == never_flexible);
    }
    CHECK_EQ(apis().size(), 59u);
}

TEST("requests: Produce alone is advertised from a lower version than it is served (KAFKA-18659)") {
    for (const Api& api : apis()) CHECK_EQ(api.advertised_min, api.key == 0 ? 0 : api.versions.since);
    CHECK_EQ(produce::Request::api.versions.since, 3);
}

TEST("requests: a request knows its API") {
    CHECK_EQ(api_of(metadata::Request()).key, 3);
    CHECK_EQ(std::string(api_of(describe_cluster::Request()).name), "DescribeCluster");
}

TEST("requests: a frame gives header and body") {
    const std::string bytes = frame(3, 1,
                                    "0003616263"
                                    "00000001"
                                    "000474657374");
    const DecodeResult result = decode_request(bytes);
    CHECK(result.ok());
    CHECK_EQ(result.header.api_key, 3);
    CHECK_EQ(result.header.api_version, 1);
    CHECK_EQ(result.header.correlation_id, 77);
    CHECK_EQ(result.header.client_id.value_or("?"), "abc");
    CHECK_EQ(std::get<metadata::Request>(result.request).topics->at(0).name.value_or("?"), "test");
}

TEST("requests: records are views into the frame") {
    const std::string bytes = frame(0, 3,
                                    "ffff"
                                    "ffff"
                                    "0001"
                                    "00000001"
                                    "00000001"
                                    "000161"
                                    "00000001"
                                    "00000000"
                                    "00000003"
                                    "616263");
    const DecodeResult result = decode_request(bytes);
    CHECK(result.ok());
    const View records =
        std::get<produce::Request>(result.request).topic_data[0].partition_data[0].records.data;
    CHECK_EQ(records, "abc");
    CHECK(records.data() == bytes.data() + bytes.size() - 3);
}

TEST("requests: what members say to each other is a view into the frame") {
    const std::string bytes = frame(14, 0,
                                    "ffff"
                                    "0001"
                                    "67"
                                    "00000001"
                                    "0001"
                                    "6d"
                                    "00000001"
                                    "0001"
                                    "6d"
                                    "00000003"
                                    "616263");
    const DecodeResult result = decode_request(bytes);
    CHECK(result.ok());
    const View assignment = std::get<sync_group::Request>(result.request).assignments[0].assignment;
    CHECK_EQ(assignment, "abc");
    CHECK(assignment.data() == bytes.data() + bytes.size() - 3);
}

TEST("requests: OffsetDelete is not flexible, in header and body, in request and response") {
    CHECK(decode_request(frame(47, 0,
                               "ffff"
                               "0001"
                               "67"
                               "00000000"))
              .ok());
    CHECK_EQ(to_hex(joined(encode_response(offset_delete::Response(), 0, 77))), "0000000e"
                                                                                "0000004d"
                                                                                "0000"
                                                                                "00000000"
                                                                                "00000000");
}

TEST("requests: bytes behind the body are ignored, as Kafka does") {
    CHECK(decode_request(frame(3, 1,
                               "ffff"
                               "00000000"
                               "ff"))
              .ok());
    CHECK(decode_request(frame(18, 3,
                               "ffff00"
                               "0261"
                               "0261"
                               "00"
                               "ffff"))
              .ok());
}

/// A frame with a ListOffsets request, v1, for so many partitions of each topic.
std::string list_offsets_of(std::initializer_list<uint32_t> topics) {
    Writer out;
    out.out = frame(2, 1, "ffff");
    out.big(int32_t(-1));
    out.big(int32_t(topics.size()));
    for (const uint32_t partitions : topics) {
        out.big(int16_t(0));
        out.big(partitions);
        for (uint32_t i = 0; i < partitions; i++) {
            out.big(i);
            out.big(int64_t(-1));
        }
    }
    return std::move(out.out);
}

TEST("requests: so many elements in all arrays together, and no more") {
    const uint32_t most = uint32_t(max_elements) - 2;
    CHECK(decode_request(list_offsets_of({most / 2, most / 2})).ok());
    const DecodeResult result = decode_request(list_offsets_of({most / 2, most / 2 + 1}));
    CHECK_EQ(result.failure, DecodeFailure::too_many_elements);
    CHECK_EQ(result.describe(),
             "too many topics, partitions or other elements: ListOffsets version 1, correlation id 77");
    const std::string whole = list_offsets_of({most + 2});
    CHECK_EQ(decode_request(whole).failure, DecodeFailure::too_many_elements);
    CHECK_EQ(decode_request(View(whole).substr(0, 100)).failure, DecodeFailure::malformed_body);
}

TEST("requests: short frames are truncated headers") {
    const std::string whole = frame(3, 9,
                                    "0001"
                                    "61"
                                    "00");
    for (size_t size = 0; size < whole.size(); size++)
        CHECK_EQ(decode_request(View(whole).substr(0, size)).failure, DecodeFailure::truncated_header);
    CHECK_EQ(decode_request(View()).failure, DecodeFailure::truncated_header);
    CHECK_EQ(decode_request(frame(3, 1,
                                  "7fff"
                                  "61"))
                 .failure,
             DecodeFailure::truncated_header);
    CHECK_EQ(decode_request(whole).failure, DecodeFailure::malformed_body);
}

TEST("requests: unknown APIs and unsupported versions are told apart") {
    CHECK_EQ(decode_request(frame(9999, 0, "ffff")).failure, DecodeFailure::unknown_api);
    CHECK_EQ(decode_request(frame(-1, 0, "ffff")).failure, DecodeFailure::unknown_api);
    CHECK_EQ(decode_request(frame(7, 0, "")).failure, DecodeFailure::unknown_api);
    for (const int16_t version : {0, 1, 2, 14, -1})
        CHECK_EQ(decode_request(frame(0, version, "ffff")).failure, DecodeFailure::unsupported_version);
}

TEST("requests: ApiVersions in any other version is a request without its body, to be refused in version 0") {
    for (const int16_t version : {5, 99, 32767, -1, -32768}) {
        const DecodeResult result = decode_request(frame(18, version,
                                                         "0001"
                                                         "61"
                                                         "00"
                                                         "7f7f7f"));
        CHECK(result.ok());
        CHECK_EQ(result.header.api_version, version);
        CHECK_EQ(result.header.correlation_id, 77);
        CHECK_EQ(std::get<api_versions::Request>(result.request).client_software_name, "");
    }
    CHECK_EQ(decode_request(frame(18, 99, "ffff")).failure, DecodeFailure::truncated_header); // no tag buffer
    CHECK(decode_request(frame(18, -1, "ffff")).ok());
}

TEST("requests: a refused frame is described for the log") {
    CHECK_EQ(decode_request("").describe(), "truncated request header");
    CHECK_EQ(decode_request(frame(9999, 1, "ffff")).describe(),
             "unknown API key: API key 9999 version 1, correlation id 77");
    CHECK_EQ(decode_request(frame(0, 2, "ffff")).describe(),
             "unsupported version: Produce version 2, correlation id 77");
    CHECK_EQ(decode_request(frame(1, 12, "ffff00")).describe(),
             "malformed request body: Fetch version 12, correlation id 77");
}

TEST("requests: a response frame starts with its size and the correlation id") {
    find_coordinator::Response response;
    response.error_message.reset();
    response.host = "h";
    CHECK_EQ(to_hex(joined(encode_response(response, 0, 77))), "00000011"
                                                               "0000004d"
                                                               "0000"
                                                               "00000000"
                                                               "000168"
                                                               "00000000");
    // Version 3 is flexible: a tag buffer ends the header and the body, and lengths are compact.
    CHECK_EQ(to_hex(joined(encode_response(response, 3, 77))), "00000017"
                                                               "0000004d"
                                                               "00"
                                                               "00000000"
                                                               "0000"
                                                               "00"
                                                               "00000000"
                                                               "0268"
                                                               "00000000"
                                                               "00");
}

TEST("requests: the response header of ApiVersions has no tag buffer in any version") {
    CHECK_EQ(to_hex(joined(encode_response(api_versions::Response(), 0, 77))), "0000000a"
                                                                               "0000004d"
                                                                               "0000"
                                                                               "00000000");
    CHECK_EQ(to_hex(joined(encode_response(api_versions::Response(), 3, 77))), "0000000c"
                                                                               "0000004d"
                                                                               "0000"
                                                                               "01"
                                                                               "00000000"
                                                                               "00");
}

TEST("requests: the size of a frame counts the slices") {
    const auto owner = std::make_shared<std::string>(100000, 'x');
    fetch::Response response;
    response.responses.resize(1);
    response.responses[0].partitions.resize(2);
    response.responses[0].partitions[1].records.slices = {{owner, View(*owner)}};
    const Encoded encoded = encode_response(response, 4, 1);
    const std::string bytes = joined(encoded);
    CHECK_EQ(bytes.size(), encoded.size);
    CHECK_EQ(Reader(bytes).big<int32_t>(), int32_t(bytes.size() - 4));
    CHECK(bytes.size() > owner->size());
}

TEST("requests: a response has an error if any code in it, however deep, says so") {
    metadata::Response response;
    response.topics.resize(2);
    response.topics[1].partitions.resize(2);
    CHECK(!encode_response(response, 12, 1).has_error);
    response.topics[1].partitions[1].error_code = ErrorCode::leader_not_available;
    CHECK(encode_response(response, 12, 1).has_error);
    CHECK(encode_response(response, 0, 1).has_error);
    response.topics[1].partitions.clear();
    CHECK(!encode_response(response, 12, 1).has_error);

    fetch::Response whole;
    whole.error_code = ErrorCode::unknown_server_error;
    CHECK(encode_response(whole, 12, 1).has_error);
    CHECK(!encode_response(whole, 4, 1).has_error); // no such field in that version
}
