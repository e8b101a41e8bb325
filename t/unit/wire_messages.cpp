// Any message to bytes and back. See wire_messages.h.
#include "wire_messages.h"

namespace wire_test {
namespace {

bool differs(std::string& where, const std::string& at) {
    where = at;
    return false;
}

/// Sets `message` to a new one of the kind.
template <class Messages> void make(AnyMessage& message, size_t index) {
    [&]<size_t... i>(std::index_sequence<i...>) {
        ((i == index ? void(message = Messages(std::in_place_index<i>)) : void()), ...);
    }
    (std::make_index_sequence<std::variant_size_v<Messages>>());
}

} // namespace

std::string joined(const Encoded& encoded) {
    std::string bytes;
    for (const Slice& part : encoded.parts) bytes.append(part.data);
    return bytes;
}

bool same(const Json& a, const Json& b, std::string& where) {
    const std::string here = where;
    if (a.kind != b.kind || a.number != b.number || a.real != b.real || a.text != b.text) return differs(where, here + " value");
    if (a.array.size() != b.array.size()) return differs(where, here + " number of elements");
    for (size_t i = 0; i < a.array.size(); i++)
        if (where = here + "[" + std::to_string(i) + "]"; !same(a.array[i], b.array[i], where)) return false;
    for (const auto& [name, value] : b.object)
        if (!a.has(name)) return differs(where, here + "." + name + " missing");
    for (const auto& [name, value] : a.object) {
        where = here + "." + name;
        if (!b.has(name)) return differs(where, where + " unexpected");
        if (!same(value, b[name], where)) return false;
    }
    return true;
}

std::vector<Kind> all_kinds() {
    std::vector<Kind> kinds;
    for (const Api& api : apis())
        for (int16_t version = api.versions.since; version <= api.versions.until; version++)
            for (const bool request : {true, false}) kinds.push_back({api, request, version});
    return kinds;
}

AnyMessage new_message(const Kind& kind) {
    size_t index = 0;
    while (apis()[index].key != kind.api.key) index++;
    AnyMessage message;
    kind.request ? make<Request>(message, index) : make<Response>(message, index);
    return message;
}

std::optional<AnyMessage> decode(View bytes, const Kind& kind) {
    Decoder decoder(bytes, kind.version, kind.api.flexible(kind.version));
    std::optional<AnyMessage> message = new_message(kind);
    visit_message(*message, [&](auto& m) { decoder.message(m); });
    if (!decoder.ok() || decoder.left() > 0) message.reset();
    return message;
}

std::string encode(const AnyMessage& message, const Kind& kind) {
    Writer out;
    Encoder encoder(out, kind.version, kind.api.flexible(kind.version));
    visit_message(message, [&](const auto& m) { encoder.message(m); });
    return joined(std::move(out).finish());
}

} // namespace wire_test
