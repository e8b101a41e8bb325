// Text of clients, which is UTF-8 as far as they keep the rules, as text of this database, which may have
// another encoding. Server code: functions end by ereport, though never for what the text contains.
#pragma once
#include <string_view>

#include "pg/guard.h"

extern "C" {
#include "c.h"
}

namespace kafka::sql {

/// A text value. What is not UTF-8, what this database's encoding has no character for, and NUL become a
/// replacement character (U+FFFD in UTF8 databases, '?' in others).
text* text_from_utf8(std::string_view bytes);

/// The same characters in this database's encoding; those bytes themselves where it makes no difference, else in the current memory
/// context. False if the bytes are not UTF-8, contain NUL, or a character that the encoding does not have.
bool convert_utf8(std::string_view bytes, std::string_view* converted);

} // namespace kafka::sql
