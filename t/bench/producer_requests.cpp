// See producer_requests.h.
#include "producer_requests.h"

#include "record/batch.h"

#include <chrono>
#include <thread>

namespace bench {
namespace {

namespace record = kafka::record;

constexpr int32_t transaction_timeout_ms = 60'000;

} // namespace

wire::init_producer_id::Request id_request(const std::optional<std::string>& transactional_id) {
    wire::init_producer_id::Request request;
    request.transactional_id = transactional_id;
    request.transaction_timeout_ms = transaction_timeout_ms;
    return request;
}

Producer producer_of(const wire::init_producer_id::Response& answer,
                     const std::optional<std::string>& transactional_id) {
    check(answer.error_code, "ask for a producer id");
    return {transactional_id, answer.producer_id, answer.producer_epoch};
}

Producer new_producer(const std::string& bootstrap, const std::optional<std::string>& transactional_id) {
    Connection connection(bootstrap);
    if (transactional_id) {
        wire::find_coordinator::Request request;
        request.key = *transactional_id;
        request.key_type = 1; // a transaction's
        ask(connection, request);
    }
    auto answer = ask(connection, id_request(transactional_id));
    for (int tries = 0; answer.error_code != wire::ErrorCode::none && tries < 3000; tries++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        answer = ask(connection, id_request(transactional_id));
    }
    return producer_of(answer, transactional_id);
}

void sign(std::string& bytes, size_t batch_at, Producer& producer) {
    record::BatchHeader header = *record::read_header(View(bytes).substr(batch_at));
    header.producer_id = producer.id;
    header.producer_epoch = producer.epoch;
    header.base_sequence = producer.next_sequence;
    if (producer.transactional_id) header.attributes |= record::attribute::transactional;
    producer.next_sequence = int32_t((uint32_t(header.last_sequence()) + 1) & INT32_MAX);
    char* batch = bytes.data() + batch_at;
    record::write_header(batch, header);
    header.crc = record::compute_crc({batch, header.size_in_bytes()});
    record::write_header(batch, header);
}

} // namespace bench
