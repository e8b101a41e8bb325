// Any message filled with random values. See wire_messages.h.
#include "wire_messages.h"

namespace wire_test {
namespace {

class FillVisitor {
public:
    FillVisitor(Filler& filler, int16_t version) : filler_(filler), version_(version) {}

    template <Message M> void fill(M& message) {
        M::fields(*this, message);
        if constexpr (TaggedMessage<M>) M::tags(*this, message);
    }

    template <class T> void operator()(T& field, Versions when = {}, Versions nullable = {}) {
        if (!when.has(version_)) return;
        value(field);
        if constexpr (is_optional<T>) {
            if (!field && !nullable.has(version_)) value(field.emplace());
        }
    }
    template <class T> void tag(uint32_t, std::optional<T>& field, Versions when = {}) {
        if (when.has(version_) && filler_.below(2)) value(field.emplace());
    }
    template <class T> void nullable_tag(uint32_t number, std::optional<T>& field, Versions when = {}) {
        tag(number, field, when);
    }

private:
    std::string bytes(size_t most) {
        std::string text(filler_.below(most + 1), '\0');
        for (char& c : text) c = char(filler_.number());
        return text;
    }
    void value(bool& x) { x = filler_.below(2); }
    template <std::integral T> void value(T& x) {
        x = T(filler_.below(3) ? filler_.number() : -filler_.below(2));
    }
    void value(double& x) { x = double(int64_t(filler_.number())) / 1024; }
    void value(ErrorCode& x) { x = ErrorCode(int16_t(filler_.number())); }
    void value(std::string& x) { x = bytes(filler_.below(20) ? 20 : 300); }
    void value(Uuid& x) {
        for (uint8_t& byte : x) byte = uint8_t(filler_.number());
    }
    void value(View& x) { x = filler_.kept(bytes(100)); }
    void value(Slice& x) { x.data = filler_.kept(bytes(filler_.below(2) ? 100 : 2000)); }
    void value(Records& x) {
        x.null = !filler_.below(3);
        if (!x.null) x.data = filler_.kept(bytes(100));
    }
    void value(RecordSlices& x) {
        x.null = !filler_.below(3);
        for (size_t n = filler_.below(3); n > 0; n--)
            x.slices.push_back({nullptr, filler_.kept(bytes(filler_.below(2) ? 100 : 2000))});
    }
    template <class T> void value(std::vector<T>& x) {
        x.resize(filler_.below(10) ? filler_.below(4) : 200 / sizeof(T));
        for (T& element : x) value(element);
    }
    template <class T> void value(std::optional<T>& x) {
        x.reset();
        if (filler_.below(3)) value(x.emplace());
    }
    template <Message M> void value(M& x) { fill(x); }

    Filler& filler_;
    int16_t version_;
};

} // namespace

AnyMessage Filler::message(const Kind& kind) {
    AnyMessage message = new_message(kind);
    FillVisitor visitor(*this, kind.version);
    visit_message(message, [&](auto& m) { visitor.fill(m); });
    return message;
}

} // namespace wire_test
