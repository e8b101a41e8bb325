// What producers with an id ask for, and what their batches bear.
#pragma once
#include "requests.h"

#include <optional>

namespace bench {

/// Who writes: an idempotent producer or, with a transactional id, one that writes in transactions.
struct Producer {
    std::optional<std::string> transactional_id{};
    int64_t id = -1;
    int16_t epoch = -1;
    int32_t next_sequence = 0; ///< in the one partition that it writes to
};

wire::init_producer_id::Request id_request(const std::optional<std::string>& transactional_id);
/// Throws if the answer is an error.
Producer producer_of(const wire::init_producer_id::Response& answer,
                     const std::optional<std::string>& transactional_id);
/// One that has asked until it was given an id: Kafka makes the topic for that when it is first asked.
Producer new_producer(const std::string& bootstrap, const std::optional<std::string>& transactional_id = {});

/// Makes the batch that begins there in `bytes` the next one of the producer.
void sign(std::string& bytes, size_t batch_at, Producer& producer);

} // namespace bench
