// Values that go into SQL statements as parameters: C++ types that stand for SQL types. They borrow; what
// they point to stays alive until the statement has run. Std types only.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace kafka::pg {

/// SQL types of parameters.
enum class Type : uint8_t {
    boolean,
    int4,
    int8,
    float8,
    text,
    bytea,
    uuid,
    int4_array,
    int8_array,
    uuid_array,
    text_array
};

/// NULL of a type.
struct Null {
    Type type;
};

/// Bytes for a bytea; a plain std::string_view stands for text.
struct Bytes {
    std::string_view data;
};

using Uuid = std::array<uint8_t, 16>;

/// One parameter. Its alternative decides the SQL type: bool, int4, int8, float8, text, bytea, uuid, int4[],
/// int8[], uuid[], text[].
using Value = std::variant<Null, bool, int32_t, int64_t, double, std::string_view, Bytes, Uuid,
                           std::span<const int32_t>, std::span<const int64_t>, std::span<const Uuid>,
                           std::span<const std::string>>;

/// The text, or NULL where there is none.
inline Value nullable_text(const std::optional<std::string>& text) {
    return text ? Value(std::string_view(*text)) : Value(Null{Type::text});
}

} // namespace kafka::pg
