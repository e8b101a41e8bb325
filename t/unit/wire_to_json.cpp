// Any message in Kafka's JSON form. See wire_messages.h.
//
// The names of its members come from the source text of wire/messages/, in the order in which fields() and
// tags() visit them: so that a swapped pair of fields of one type does not go unnoticed.
#include "wire_messages.h"

#include <cxxabi.h>

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <typeinfo>

namespace wire_test {
namespace {

/// What fields() and tags() of a message visit, in Kafka's spelling ("topicId").
struct MemberNames {
    std::vector<std::string> fields;
    std::map<uint32_t, std::string> tags;
};

/// "kafka::wire::fetch::FetchTopic"
std::string full_name(const std::type_info& type) {
    int status = 0;
    char* name = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
    const std::string text = name ? name : "";
    std::free(name);
    return text;
}

std::string content(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot read " + path + ": run from the root of the project");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string camel_case(const std::string& snake) {
    std::string camel;
    for (size_t i = 0; i < snake.size(); i++)
        if (snake[i] == '_')
            camel.push_back(char(std::toupper(snake[++i])));
        else
            camel.push_back(snake[i]);
    return camel;
}

/// The word at the start of a text.
std::string word(View text) {
    size_t size = 0;
    while (size < text.size() && (std::isalnum(uint8_t(text[size])) || text[size] == '_')) size++;
    return std::string(text.substr(0, size));
}

/// Takes what a visit says behind its "io": "(m.name", ".tag(0, m.name" or ".nullable_tag(0, m.name".
void read_visit(View text, MemberNames& names) {
    const size_t member = text.find("m.");
    if (member == View::npos) return;
    const std::string name = camel_case(word(text.substr(member + 2)));
    if (text.starts_with("(m.")) names.fields.push_back(name);
    for (const View tag : {".tag(", ".nullable_tag("})
        if (text.starts_with(tag)) names.tags[uint32_t(std::stoul(word(text.substr(tag.size()))))] = name;
}

MemberNames read_names(const std::string& message) {
    const View prefix = "kafka::wire::";
    const size_t colons = message.rfind("::");
    if (!message.starts_with(prefix) || colons < prefix.size())
        throw std::runtime_error(message + " is no message");
    const std::string name_space = message.substr(prefix.size(), colons - prefix.size());
    const std::string source = content("src/wire/messages/" + name_space + ".h");
    const size_t start = source.find("\nstruct " + message.substr(colons + 2) + " {");
    const std::string body = source.substr(start, source.find("\n};", start) - start);
    MemberNames names;
    for (size_t at = body.find("io"); at != std::string::npos; at = body.find("io", at + 2))
        read_visit(View(body).substr(at + 2), names);
    return names;
}

const MemberNames& member_names(const std::type_info& message) {
    static std::map<std::string, MemberNames> known;
    const auto [it, added] = known.try_emplace(message.name());
    if (added) it->second = read_names(full_name(message));
    return it->second;
}

class ToJson {
public:
    template <class M> static Json of(const M& message, int16_t version, bool flexible) {
        ToJson visitor(member_names(typeid(M)), version, flexible);
        M::fields(visitor, message);
        if constexpr (TaggedMessage<M>) {
            if (flexible) M::tags(visitor, message);
        }
        return visitor.json_;
    }

    template <class T> void operator()(const T& field, Versions when = {}, Versions = {}) {
        const std::string& name = names_.fields.at(next_++);
        if (when.has(version_)) json_.object[name] = value(field);
    }
    template <class T> void tag(uint32_t tag, const std::optional<T>& field, Versions when = {}) {
        if (field && when.has(version_)) json_.object[names_.tags.at(tag)] = value(*field);
    }
    template <class T> void nullable_tag(uint32_t number, const std::optional<T>& field, Versions when = {}) {
        tag(number, field, when);
    }

private:
    ToJson(const MemberNames& names, int16_t version, bool flexible)
        : names_(names), version_(version), flexible_(flexible) {}

    static Json text(std::string text) { return {.kind = Json::Kind::text, .text = std::move(text)}; }
    Json value(bool x) { return {.kind = Json::Kind::boolean, .number = x}; }
    template <std::integral T> Json value(T x) { return {.kind = Json::Kind::number, .number = x}; }
    Json value(double x) { return {.kind = Json::Kind::real, .real = x}; }
    Json value(ErrorCode x) { return value(int16_t(x)); }
    Json value(const std::string& x) { return text(x); }
    Json value(const Uuid& x) { return text(to_hex({reinterpret_cast<const char*>(x.data()), x.size()})); }
    Json value(const View& x) { return text(to_hex(x)); }
    Json value(const Slice& x) { return value(x.data); }
    Json value(const Records& x) { return x.null ? Json() : text(to_hex(x.data)); }
    Json value(const RecordSlices& x) {
        if (x.null && x.slices.empty()) return {};
        return text(to_hex(joined({x.slices, 0})));
    }
    template <class T> Json value(const std::vector<T>& x) {
        Json list{.kind = Json::Kind::array};
        for (const T& element : x) list.array.push_back(value(element));
        return list;
    }
    template <class T> Json value(const std::optional<T>& x) { return x ? value(*x) : Json(); }
    template <Message M> Json value(const M& x) { return of(x, version_, flexible_); }

    const MemberNames& names_;
    int16_t version_;
    bool flexible_;
    size_t next_ = 0;
    Json json_{.kind = Json::Kind::object};
};

} // namespace

Json to_json(const AnyMessage& message, const Kind& kind) {
    Json json;
    const auto convert = [&](const auto& m) {
        json = ToJson::of(m, kind.version, kind.api.flexible(kind.version));
    };
    visit_message(message, convert);
    return json;
}

} // namespace wire_test
