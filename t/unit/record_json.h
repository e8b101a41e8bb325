// Just enough JSON for golden vectors of batches: what a line of them says, with integers of 64 bits.
#pragma once
#include <charconv>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace samples {

struct Json {
    enum class Kind { null, boolean, number, real, text, array, object } kind = Kind::null;
    int64_t number = 0; ///< of a boolean: 0 or 1
    double real = 0;    ///< a number that is written with a point or an exponent
    std::string text{};
    std::vector<Json> array{};
    std::map<std::string, Json> object{};

    bool is_null() const { return kind == Kind::null; }
    bool has(const std::string& name) const { return object.count(name) != 0; }
    const Json& operator[](const std::string& name) const { return object.at(name); }
};

/// Reads one value; throws std::runtime_error at anything else.
class JsonReader {
public:
    explicit JsonReader(std::string_view in) : in_(in) {}

    Json value() {
        const char c = peek();
        if (c == '{') return object();
        if (c == '[') return array();
        if (c == '"') return {.kind = Json::Kind::text, .text = text()};
        if (took("null")) return {};
        if (took("true")) return {.kind = Json::Kind::boolean, .number = 1};
        if (took("false")) return {.kind = Json::Kind::boolean};
        return number();
    }

private:
    char peek() {
        while (at_ < in_.size() && (in_[at_] == ' ' || in_[at_] == '\n')) at_++;
        if (at_ == in_.size()) throw std::runtime_error("JSON ends too early");
        return in_[at_];
    }
    bool took(std::string_view word) {
        peek();
        if (!in_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    void expect(std::string_view word) {
        if (!took(word)) throw std::runtime_error("JSON lacks " + std::string(word));
    }
    Json number() {
        Json n{.kind = Json::Kind::number};
        const auto [end, error] = std::from_chars(in_.data() + at_, in_.data() + in_.size(), n.number);
        if (error != std::errc()) throw std::runtime_error("JSON has no number here");
        if (end != in_.data() + in_.size() && (*end == '.' || *end == 'E')) return real();
        at_ = size_t(end - in_.data());
        return n;
    }
    Json real() {
        Json n{.kind = Json::Kind::real};
        at_ = size_t(std::from_chars(in_.data() + at_, in_.data() + in_.size(), n.real).ptr - in_.data());
        return n;
    }
    Json array() {
        Json a{.kind = Json::Kind::array};
        for (expect("["); !took("]"); took(",")) a.array.push_back(value());
        return a;
    }
    Json object() {
        Json o{.kind = Json::Kind::object};
        for (expect("{"); !took("}"); took(",")) {
            const std::string name = text();
            expect(":");
            o.object[name] = value();
        }
        return o;
    }
    std::string text() {
        std::string out;
        for (expect("\""); at_ < in_.size() && in_[at_] != '"'; at_++)
            if (in_[at_] == '\\')
                escape(out);
            else
                out.push_back(in_[at_]);
        at_++;
        return out;
    }
    /// Leaves at_ on the last character of the escape.
    void escape(std::string& out) {
        const char c = in_.at(++at_);
        if (c == 'u') return unicode(out);
        const size_t known = std::string_view("bfnrt").find(c);
        out.push_back(known == std::string_view::npos ? c : "\b\f\n\r\t"[known]);
    }
    void unicode(std::string& out) {
        const uint32_t code = uint32_t(std::stoul(std::string(in_.substr(at_ + 1, 4)), nullptr, 16));
        at_ += 4;
        if (code < 0x80) {
            out.push_back(char(code));
        } else if (code < 0x800) {
            out.push_back(char(0xc0 | code >> 6));
            out.push_back(char(0x80 | (code & 0x3f)));
        } else {
            out.push_back(char(0xe0 | code >> 12));
            out.push_back(char(0x80 | (code >> 6 & 0x3f)));
            out.push_back(char(0x80 | (code & 0x3f)));
        }
    }

    std::string_view in_;
    size_t at_ = 0;
};

} // namespace samples
