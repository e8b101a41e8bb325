// What is produced: record batches of random letters, which do not compress, or of JSON, which does as real
// JSON does.
#pragma once
#include "record/compression.h"

#include <cstdint>
#include <string>

namespace bench {

enum class Payload { letters, json };

struct BatchKind {
    int records = 16;
    size_t record_bytes = 1024; ///< of each value; there are no keys
    kafka::record::Codec codec = kafka::record::Codec::none;
    Payload payload = Payload::letters;

    size_t payload_bytes() const { return size_t(records) * record_bytes; }
};

/// A batch as a producer sends it; another `seed` gives another one of the same kind.
std::string make_batch(const BatchKind& kind, uint32_t seed);

/// A Produce request with one batch, acks=all.
std::string produce_request(const std::string& topic, int32_t partition, const std::string& batch);
/// One of a transaction; versions differ in what they make of that.
std::string produce_request(const std::string& topic, int32_t partition, const std::string& batch,
                            const std::optional<std::string>& transactional_id, int16_t version);

} // namespace bench
