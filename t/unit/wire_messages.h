// What the tests of wire/ share: messages to bytes and back, as JSON, and filled at random.
//
// The functions that take a Kind or an AnyMessage work for every message of every API; all templates behind
// them are compiled once, in three sources.
#pragma once
#include "../hex.h"
#include "record_json.h"
#include "wire/codec.h"
#include "wire/requests.h"

#include <deque>
#include <random>

namespace wire_test {

using namespace kafka::wire;
using samples::Json;

/// All parts in one string.
std::string joined(const Encoded& encoded);
/// Whether two values are the same; if not, the path of the first difference is appended to `where`.
bool same(const Json& a, const Json& b, std::string& where);

template <class M> std::string encode(const M& message, int16_t version, bool flexible) {
    Writer out;
    Encoder(out, version, flexible).message(message);
    return joined(std::move(out).finish());
}

/// The message, or nothing if it is refused or leaves bytes over.
template <class M> std::optional<M> decode(View bytes, int16_t version, bool flexible) {
    Decoder decoder(bytes, version, flexible);
    std::optional<M> message(std::in_place);
    decoder.message(*message);
    if (!decoder.ok() || decoder.left() > 0) message.reset();
    return message;
}

/// The request or the response of an API in one version.
struct Kind {
    Api api;
    bool request;
    int16_t version;
};
/// Both kinds of all APIs in all versions served.
std::vector<Kind> all_kinds();

using AnyMessage = std::variant<Request, Response>;

AnyMessage new_message(const Kind& kind);
std::optional<AnyMessage> decode(View bytes, const Kind& kind);
std::string encode(const AnyMessage& message, const Kind& kind);

/// Kafka's JSON form: the fields that are on the wire, bytes and UUIDs in hex.
Json to_json(const AnyMessage& message, const Kind& kind);

/// Makes messages of random values such as may be on the wire. They live as long as the filler.
class Filler {
public:
    explicit Filler(uint32_t seed) : random_(seed) {}
    AnyMessage message(const Kind& kind);

    /// From 0 to end - 1.
    size_t below(size_t end) { return size_t(random_() % end); }
    uint64_t number() { return random_(); }
    View kept(std::string bytes) { return kept_.emplace_back(std::move(bytes)); }

private:
    std::mt19937_64 random_;
    std::deque<std::string> kept_; ///< what the views in messages point to
};

/// Calls body(message) with the message's own type.
template <class Any, class Body> void visit_message(Any&& message, Body&& body) {
    std::visit([&](auto&& of_a_kind) { std::visit(body, of_a_kind); }, message);
}

} // namespace wire_test
