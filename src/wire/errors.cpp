// See errors.h.
#include "wire/errors.h"

#include <array>
#include <cstddef>

namespace kafka::wire {
namespace {

/// The letters of an enumerator as capitals.
template <size_t size> constexpr std::array<char, size> capitals(const char (&name)[size]) {
    std::array<char, size> text{};
    for (size_t i = 0; i < size; i++)
        text[i] = 'a' <= name[i] && name[i] <= 'z' ? char(name[i] - 'a' + 'A') : name[i];
    return text;
}

#define KAFKA_NAME(code, name, meaning) constexpr auto name = capitals(#name);
namespace names {
KAFKA_ERROR_CODES(KAFKA_NAME)
} // namespace names
#undef KAFKA_NAME

} // namespace

const char* name(ErrorCode code) {
    switch (code) {
#define KAFKA_CASE(code, name, meaning)                                                                      \
    case ErrorCode::name:                                                                                    \
        return names::name.data();
        KAFKA_ERROR_CODES(KAFKA_CASE)
#undef KAFKA_CASE
    }
    return "UNKNOWN";
}

const char* meaning(ErrorCode code) {
    switch (code) {
#define KAFKA_CASE(code, name, meaning)                                                                      \
    case ErrorCode::name:                                                                                    \
        return meaning;
        KAFKA_ERROR_CODES(KAFKA_CASE)
#undef KAFKA_CASE
    }
    return "";
}

} // namespace kafka::wire
