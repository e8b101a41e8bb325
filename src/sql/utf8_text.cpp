// See utf8_text.h.
#include "sql/utf8_text.h"

#include <algorithm>
#include <cstring>

extern "C" {
#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
}

namespace kafka::sql {
namespace {

bool is_plain(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<signed char>(c) > 0; });
}

/// Length of the character at the front; 0 if there is none that is valid.
int valid_length(std::string_view bytes) {
    auto* front = reinterpret_cast<const unsigned char*>(bytes.data());
    const int length = pg_utf_mblen(front);
    const bool valid = *front != '\0' && size_t(length) <= bytes.size() && pg_utf8_islegal(front, length);
    return valid ? length : 0;
}

/// Appends one character of UTF-8 in the database's encoding. False if it has none.
bool append_converted(StringInfo to, std::string_view character) {
    const int encoding = GetDatabaseEncoding();
    const auto append = [&](const char* bytes, size_t size) {
        appendBinaryStringInfo(to, bytes, static_cast<int>(size));
        return true;
    };
    if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII || is_plain(character))
        return append(character.data(), character.size());
    const Oid conversion = FindDefaultConversionProc(PG_UTF8, encoding);
    if (!OidIsValid(conversion)) return false;
    unsigned char from[8] = {}, converted[8 * MAX_CONVERSION_GROWTH];
    std::memcpy(from, character.data(), character.size());
    const int size = static_cast<int>(character.size());
    if (pg_do_encoding_conversion_buf(conversion, PG_UTF8, encoding, from, size, converted, sizeof converted,
                                      true) < size)
        return false;
    auto* result = reinterpret_cast<char*>(converted);
    return append(result, std::strlen(result));
}

} // namespace

text* text_from_utf8(std::string_view bytes) {
    if (is_plain(bytes)) return cstring_to_text_with_len(bytes.data(), static_cast<int>(bytes.size()));
    const char* replacement = GetDatabaseEncoding() == PG_UTF8 ? "\xEF\xBF\xBD" : "?";
    StringInfoData result;
    initStringInfo(&result);
    while (!bytes.empty()) {
        const int length = valid_length(bytes);
        if (length == 0 || !append_converted(&result, bytes.substr(0, size_t(length))))
            appendStringInfoString(&result, replacement);
        bytes.remove_prefix(size_t(std::max(length, 1)));
    }
    text* value = cstring_to_text_with_len(result.data, result.len);
    pfree(result.data);
    return value;
}

bool convert_utf8(std::string_view bytes, std::string_view* converted) {
    const int size = static_cast<int>(bytes.size());
    if (pg_encoding_verifymbstr(PG_UTF8, bytes.data(), size) < size) return false;
    *converted = bytes;
    const int encoding = GetDatabaseEncoding();
    if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII || is_plain(bytes)) return true;
    const Oid conversion = FindDefaultConversionProc(PG_UTF8, encoding);
    const size_t room = (bytes.size() + 1) * MAX_CONVERSION_GROWTH;
    if (!OidIsValid(conversion) || !AllocSizeIsValid(room)) return false;
    auto* from = reinterpret_cast<unsigned char*>(pnstrdup(bytes.data(), bytes.size()));
    auto* to = static_cast<unsigned char*>(palloc(room));
    if (pg_do_encoding_conversion_buf(conversion, PG_UTF8, encoding, from, size, to, static_cast<int>(room),
                                      true) < size)
        return false;
    *converted = reinterpret_cast<const char*>(to);
    return true;
}

} // namespace kafka::sql
