// See idle_producers.h.
#include "idle_producers.h"

#include "batches.h"
#include "broker_process.h"
#include "many_requests.h"
#include "producer_requests.h"
#include "raw_producer.h"
#include "topic.h"

namespace bench {
namespace {

/// Who is refused, as Kafka's broker is out of ids for a moment, asks again alone.
std::vector<Producer> new_producers(const std::string& bootstrap, size_t count) {
    std::vector<Producer> producers(count);
    ask_many(
        bootstrap, count, [](size_t) { return encode(id_request({})); },
        [&](size_t i, View response) {
            const auto answer = decode<wire::init_producer_id::Request>(response);
            if (answer.error_code == wire::ErrorCode::none) producers[i] = producer_of(answer, {});
        });
    for (Producer& producer : producers)
        if (producer.id < 0) producer = new_producer(bootstrap);
    return producers;
}

void produce_once(const std::string& bootstrap, const std::string& topic, std::vector<Producer> producers) {
    const std::string batch = make_batch({.records = 1, .record_bytes = 1}, 0);
    std::string request = produce_request(topic, 0, batch);
    const size_t batch_at = request.find(batch);
    ask_many(
        bootstrap, producers.size(),
        [&](size_t i) {
            sign(request, batch_at, producers[i]);
            return request;
        },
        [](size_t, View response) { check_produced(response); });
}

} // namespace

IdleProducers cost_of_idle_producers(const std::string& bootstrap, const Commands& commands, int count) {
    const Topic topic(bootstrap, 1);
    const auto start = [&](int64_t end) {
        return time_of_start(commands, [&] { return topic.end() >= end; });
    };
    IdleProducers cost{};
    cost.start_without = start(0);
    const auto memory_before = memory_of_broker(bootstrap);
    produce_once(bootstrap, topic.name(), new_producers(bootstrap, size_t(count)));
    cost.mebibytes = difference(memory_of_broker(bootstrap), memory_before);
    cost.start = start(count);
    if (cost.start) cost.mebibytes_after_start = difference(memory_of_broker(bootstrap), memory_before);
    return cost;
}

} // namespace bench
