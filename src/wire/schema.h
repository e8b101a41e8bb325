// The words in which wire/messages/ states Kafka's messages. Pure; no code of its own.
//
// A message is a struct whose static `fields(io, m)` calls `io(m.field)` for each field in the order of the
// wire, and whose `tags(io, m)`, where there is one, calls `io.tag(number, m.field)` for each tagged field
// (KIP-482) in the order of the numbers. Decoder, Encoder and the tests' visitors are such an `io`. The type
// of a field says the rest: std::vector is an array, std::optional is nullable, or in tags() "not sent: its
// default holds". Bytes that are never null are a View into the frame in a request, and in a response a Slice,
// whose owner has to keep them until they are sent.
#pragma once
#include "wire/bytes.h"
#include "wire/errors.h"

#include <limits>
#include <optional>

namespace kafka::wire {

/// A range of versions, both ends included.
struct Versions {
    int16_t since = 0;
    int16_t until = std::numeric_limits<int16_t>::max();
    constexpr bool has(int16_t version) const { return since <= version && version <= until; }
};

/// The versions in which a field is on the wire: io(m.field, v(4)), io(m.field, v(0, 12)).
constexpr Versions v(int16_t since, int16_t until = std::numeric_limits<int16_t>::max()) {
    return {since, until};
}

/// The versions in which a std::optional field may be null, where that is not all of them.
constexpr Versions nullable(int16_t since) { return {since}; }

/// For Api::first_flexible: no version is flexible, and none will be.
inline constexpr int16_t never_flexible = std::numeric_limits<int16_t>::max();

/// Authorized operations (KIP-430) that nobody asked for; otherwise they are a bit for each AclOperation.
inline constexpr int32_t operations_not_requested = std::numeric_limits<int32_t>::min();

/// What is known of an API without looking at its messages.
struct Api {
    int16_t key;
    const char* name;       ///< as Kafka's clients and tools print it
    Versions versions;      ///< that are served
    int16_t first_flexible; ///< the first version with compact lengths and tag buffers (KIP-482)
    /// The lowest version that an ApiVersions response claims; lower than what is served for Produce alone.
    int16_t advertised_min = versions.since;

    constexpr bool flexible(int16_t version) const { return version >= first_flexible; }
};

/// Any visitor, for the concepts below.
struct AnyVisitor {
    void operator()(auto&&...) {}
    void tag(auto&&...) {}
    void nullable_tag(auto&&...) {}
};
template <class M>
concept Message = requires(M& m, AnyVisitor& io) {
    M::fields(io, m);
};
template <class M>
concept TaggedMessage = Message<M> && requires(M& m, AnyVisitor& io) {
    M::tags(io, m);
};

template <class T> inline constexpr bool is_optional = false;
template <class T> inline constexpr bool is_optional<std::optional<T>> = true;

} // namespace kafka::wire
