// Messages, headers and frames that Apache Kafka's own classes wrote: a selection that is kept here, and all
// of them where the golden vectors are beside the project.
#include "test.h"
#include "wire_messages.h"

#include <fstream>
#include <functional>
#include <map>

using namespace wire_test;

namespace {

const std::string shared_folder = "../shared/protocol/golden/";
const std::string kept_file = "t/unit/golden/wire.jsonl";

/// One line of a file of golden messages.
struct Golden {
    Kind kind;
    std::string name; ///< for diagnostics
    std::string bytes;
    Json line;
    std::string expected; ///< what encoding gives: the bytes, or those of the twin without unknown tags
};

std::vector<Json> lines(const std::string& path) {
    std::ifstream file(path);
    std::vector<Json> all;
    for (std::string line; std::getline(file, line);) all.push_back(samples::JsonReader(line).value());
    return all;
}

/// Names the message of a line by API, version, kind and case.
std::string name_of(const Json& line, const char* case_field = "case") {
    return line["name"].text + " " + std::to_string(line["version"].number) + " " + line["kind"].text +
           (line.has(case_field) ? " " + line[case_field].text : "");
}

/// Nothing if the line is of an API that is not served.
std::optional<Api> api_in(const Json& line) {
    for (const Api& api : apis())
        if (api.key == line["api"].number) return api;
    return std::nullopt;
}

/// Nothing if the line is of an API or a version that is not served.
std::optional<Kind> kind_in(const Json& line) {
    const std::optional<Api> api = api_in(line);
    const auto version = int16_t(line["version"].number);
    if (!api || !api->versions.has(version)) return std::nullopt;
    return Kind{*api, line["kind"].text == "request", version};
}

/// The served messages of one file.
std::vector<Golden> read(const std::string& path) {
    std::vector<Golden> all;
    std::map<std::string, std::string> bytes_of;
    for (const Json& line : lines(path)) {
        const std::optional<Kind> kind = kind_in(line);
        if (!kind) continue;
        const std::string bytes = from_hex(line["hex"].text);
        bytes_of[name_of(line)] = bytes;
        const std::string expected = line.has("twin") ? bytes_of.at(name_of(line, "twin")) : bytes;
        all.push_back({*kind, name_of(line), bytes, line, expected});
    }
    return all;
}

std::string shared_file(const Api& api) {
    return shared_folder + (api.key < 10 ? "0" : "") + std::to_string(api.key) + "-" + api.name + ".jsonl";
}

bool shared_is_there() { return std::ifstream(shared_folder + "headers.jsonl").good(); }

const std::vector<Golden>& golden() {
    static const std::vector<Golden> all = [] {
        std::vector<Golden> found = read(kept_file);
        for (const Api& api : apis())
            for (Golden& g : read(shared_file(api))) found.push_back(std::move(g));
        return found;
    }();
    CHECK(all.size() >= (shared_is_there() ? 2000u : 180u));
    return all;
}

void expect(bool holds, const Golden& g, const std::string& what) {
    if (!holds) test::fail(g.name.c_str(), g.kind.version, what);
}

} // namespace

TEST("golden: every message decodes to its last byte and encodes to the same bytes, unknown tags left out") {
    for (const Golden& g : golden()) {
        const std::optional<AnyMessage> message = decode(g.bytes, g.kind);
        expect(message.has_value(), g, "is refused");
        if (!message) continue;
        const std::string encoded = encode(*message, g.kind);
        expect(encoded == g.expected, g, "encodes as " + to_hex(encoded) + ", not " + to_hex(g.expected));
    }
}

TEST("golden: every decoded field has the value that Kafka's JSON form says") {
    for (const Golden& g : golden()) {
        const std::optional<AnyMessage> message = decode(g.bytes, g.kind);
        if (!message || !g.line.has("json")) continue;
        std::string where = "message";
        expect(same(to_json(*message, g.kind), g.line["json"], where), g, "differs: " + where);
    }
}

TEST("golden: a new message has Kafka's default values") {
    for (const Golden& g : golden()) {
        if (g.line["case"].text != "default") continue;
        const std::string encoded = encode(new_message(g.kind), g.kind);
        expect(encoded == g.bytes, g, "encodes as " + to_hex(encoded) + ", not " + to_hex(g.bytes));
    }
}

TEST("golden: every proper prefix of a message is refused") {
    for (const Golden& g : golden())
        for (size_t size = 0; size < g.bytes.size(); size++)
            expect(!decode(View(g.bytes).substr(0, size), g.kind), g,
                   "decodes from " + std::to_string(size) + " bytes");
}

TEST("golden: a message with a flipped bit is refused or is another message, and nothing else happens") {
    for (const Golden& g : golden()) {
        std::string bytes = g.bytes;
        for (size_t i = 0; i < bytes.size(); i++) {
            const char flipped = char(1 << (i % 8));
            bytes[i] ^= flipped;
            const std::optional<AnyMessage> message = decode(bytes, g.kind);
            if (message)
                expect(decode(encode(*message, g.kind), g.kind).has_value(), g, "is refused once encoded");
            bytes[i] ^= flipped;
        }
    }
}

TEST("golden: request headers decode with their client id and without unknown tags") {
    if (!shared_is_there()) return test::skip("no golden vectors beside the project");
    std::map<std::string, Json> said;
    for (const Json& line : lines(shared_folder + "headers.jsonl")) {
        if (line["name"].text != "RequestHeader" || line["version"].number == 0) continue;
        const auto read_header = [&](View bytes, RequestHeader& header) {
            Reader in(bytes);
            decode_start(in, header);
            decode_rest(in, header, line["version"].number == 2);
            return in.ok() && in.left() == 0;
        };
        if (line.has("json")) said[name_of(line)] = line["json"];
        const Json& json = line.has("twin") ? said.at(name_of(line, "twin")) : line["json"];
        const std::string bytes = from_hex(line["hex"].text);
        RequestHeader header;
        CHECK(read_header(bytes, header));
        CHECK_EQ(header.api_key, json["requestApiKey"].number);
        CHECK_EQ(header.api_version, json["requestApiVersion"].number);
        CHECK_EQ(header.correlation_id, json["correlationId"].number);
        CHECK_EQ(header.client_id.has_value(), !json["clientId"].is_null());
        CHECK_EQ(header.client_id.value_or(""), json["clientId"].text);
        for (size_t size = 0; size < bytes.size(); size++)
            CHECK(!read_header(View(bytes).substr(0, size), header));
    }
    CHECK(said.size() >= 10);
}

TEST("golden: whole request frames decode, those of other APIs and versions are refused as such") {
    if (!shared_is_there()) return test::skip("no golden vectors beside the project");
    int served = 0;
    for (const Json& line : lines(shared_folder + "frames.jsonl")) {
        if (line["kind"].text != "request") continue;
        const std::string bytes = from_hex(line["hex"].text);
        const DecodeResult result = decode_request(View(bytes).substr(4));
        CHECK_EQ(result.header.api_key, line["api"].number);
        CHECK_EQ(result.header.api_version, line["version"].number);
        CHECK_EQ(result.header.correlation_id, 7);
        const std::optional<Kind> kind = kind_in(line);
        if (!kind) {
            CHECK_EQ(result.failure,
                     api_in(line) ? DecodeFailure::unsupported_version : DecodeFailure::unknown_api);
            continue;
        }
        served++;
        CHECK_EQ(result.failure, DecodeFailure::none);
        CHECK_EQ(result.header.client_id.value_or(""), "client-é");
        const auto body_at = size_t(4 + line["header_bytes"].number);
        CHECK_EQ(to_hex(encode(AnyMessage(result.request), *kind)), to_hex(View(bytes).substr(body_at)));
    }
    CHECK_EQ(served, 252);
}

TEST("golden: whole response frames come out as Kafka's, with the right header version") {
    if (!shared_is_there()) return test::skip("no golden vectors beside the project");
    int served = 0;
    for (const Json& line : lines(shared_folder + "frames.jsonl")) {
        const std::optional<Kind> kind = kind_in(line);
        if (!kind || kind->request) continue;
        served++;
        const std::string frame = from_hex(line["hex"].text);
        const auto body_at = size_t(4 + line["header_bytes"].number);
        const std::optional<AnyMessage> message = decode(View(frame).substr(body_at), *kind);
        CHECK(message.has_value());
        const Encoded encoded = encode_response(std::get<Response>(*message), kind->version, 7);
        CHECK_EQ(to_hex(joined(encoded)), line["hex"].text);
        CHECK_EQ(encoded.size, frame.size());
    }
    CHECK_EQ(served, 252);
}
