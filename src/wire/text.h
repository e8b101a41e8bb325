// Whether the strings of a message are text. Kafka's strings are UTF-8, but the codec keeps whatever bytes come; what goes into
// text columns must be looked at first. Pure.
#pragma once
#include "wire/schema.h"

#include <concepts>
#include <string>
#include <vector>

namespace kafka::wire {

/// Which strings are text: UTF-8 without NUL, or, for databases of other encodings, the same in ASCII.
enum class TextRule { utf8, ascii };

bool is_text(View bytes, TextRule rule);

/// As many whole characters of a text as fit into so many bytes.
View text_prefix(View text, size_t most_bytes);

/// Looks at every string of a message.
class TextVisitor {
public:
    explicit TextVisitor(TextRule rule) : rule_(rule) {}
    bool all_text() const { return all_text_; }

    template <class T> void operator()(const T& field, Versions = {}, Versions = {}) { value(field); }
    template <class T> void tag(uint32_t, const T& field, Versions = {}) { value(field); }
    template <class T> void nullable_tag(uint32_t, const T& field, Versions = {}) { value(field); }

private:
    void value(const std::string& x) { all_text_ = all_text_ && is_text(x, rule_); }
    template <class T> void value(const std::optional<T>& x) {
        if (x) value(*x);
    }
    template <class T> void value(const std::vector<T>& list) {
        for (const T& element : list) value(element);
    }
    template <Message M> void value(const M& m) {
        M::fields(*this, m);
        if constexpr (TaggedMessage<M>) M::tags(*this, m);
    }
    template <class T> void value(const T&) {} // numbers and bytes

    const TextRule rule_;
    bool all_text_ = true;
};

template <Message M> bool has_text_only(const M& message, TextRule rule) {
    TextVisitor visitor(rule);
    M::fields(visitor, message);
    if constexpr (TaggedMessage<M>) M::tags(visitor, message);
    return visitor.all_text();
}

} // namespace kafka::wire
