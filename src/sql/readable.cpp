// kafka.as_text() and kafka.as_json(): bytes of clients in a form that people read and SQL works with. Whatever the bytes are, it is no
// error, so that a scan does not end at a record that is different from the others.
#include "pg/versions.h"
#include "sql/utf8_text.h"

#include <cstdlib>
#include <cstring>
#include <string_view>

extern "C" {
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(pg_kafka_as_text);
PG_FUNCTION_INFO_V1(pg_kafka_as_json);
}

namespace kafka::sql {
namespace {

std::string_view view(const bytea* bytes) { return {VARDATA_ANY(bytes), size_t(VARSIZE_ANY_EXHDR(bytes))}; }

/// As psql shows bytea. Null if that is too long for a value.
text* hexadecimal(std::string_view bytes) {
    const size_t size = VARHDRSZ + 2 + 2 * bytes.size();
    if (!AllocSizeIsValid(size)) return nullptr;
    auto* result = static_cast<text*>(palloc(size));
    SET_VARSIZE(result, size);
    std::memcpy(VARDATA(result), "\\x", 2);
    hex_encode(bytes.data(), bytes.size(), VARDATA(result) + 2);
    return result;
}

// What jsonb, or the server's parser, has no room for is an error there. These bounds are far within that, whatever the server's
// version, and far beyond what is ever sent.
constexpr size_t max_json_bytes = size_t(16) << 20;
constexpr int max_json_depth = 1000;
constexpr size_t max_json_digits = 16000; ///< of a number, the zeros that its exponent stands for included
constexpr size_t max_json_zeros = size_t(64)
                                  << 20; ///< of all numbers together: as text it has to be a value again

/// Goes over the rest of a number, and counts the zeros that its exponent stands for. False if it has too many digits.
bool pass_number(std::string_view json, size_t& at, size_t& all_zeros) {
    const size_t end = json.find_first_not_of("0123456789.eE+-", at);
    const std::string_view number = json.substr(at, end - at);
    const size_t exponent = number.find_first_of("eE");
    at += number.size() - 1;
    if (number.size() > max_json_digits) return false;
    if (exponent == number.npos) return true;
    const long zeros = std::strtol(number.data() + exponent + 1, nullptr, 10);
    const auto room = long(max_json_digits - number.size());
    if (zeros < -room || zeros > room) return false;
    all_zeros += size_t(std::abs(zeros));
    return all_zeros <= max_json_zeros;
}

/// Goes over the rest of a string, to the quote that ends it. False if it names characters that the database's encoding may not have.
bool pass_string(std::string_view json, size_t& at) {
    for (at++; at < json.size() && json[at] != '"'; at++) {
        if (json[at] != '\\') continue;
        const std::string_view escape = json.substr(at++, 5);
        const bool is_ascii = escape.starts_with("\\u00") && escape.back() < '8';
        if (escape.starts_with("\\u") && !is_ascii && GetDatabaseEncoding() != PG_UTF8) return false;
    }
    return true;
}

/// Whether jsonb has room for it, should it be JSON. A byte after its end is 0.
bool fits_jsonb(std::string_view json) {
    int depth = 0;
    size_t zeros = 0;
    for (size_t at = 0; at < json.size(); at++) {
        const char c = json[at];
        if (c == '"' && !pass_string(json, at)) return false;
        if (c >= '0' && c <= '9' && !pass_number(json, at, zeros)) return false;
        if ((c == '[' || c == '{') && ++depth > max_json_depth) return false;
        if (c == ']' || c == '}') depth--;
    }
    return true;
}

} // namespace
} // namespace kafka::sql

Datum pg_kafka_as_text(PG_FUNCTION_ARGS) {
    const std::string_view bytes = kafka::sql::view(PG_GETARG_BYTEA_PP(0));
    std::string_view converted;
    if (kafka::sql::convert_utf8(bytes, &converted))
        PG_RETURN_TEXT_P(cstring_to_text_with_len(converted.data(), static_cast<int>(converted.size())));
    if (text* digits = kafka::sql::hexadecimal(bytes)) PG_RETURN_TEXT_P(digits);
    PG_RETURN_NULL();
}

Datum pg_kafka_as_json(PG_FUNCTION_ARGS) {
    const std::string_view bytes = kafka::sql::view(PG_GETARG_BYTEA_PP(0));
    std::string_view json;
    if (bytes.size() > kafka::sql::max_json_bytes || !kafka::sql::convert_utf8(bytes, &json))
        PG_RETURN_NULL();
    char* copy = pnstrdup(json.data(), json.size());
    Datum jsonb;
    if (kafka::sql::fits_jsonb({copy, json.size()}) &&
        kafka::pg::parse_jsonb(copy, static_cast<int>(json.size()), &jsonb))
        return jsonb;
    PG_RETURN_NULL();
}
