// See raw_producer.h.
#include "raw_producer.h"

#include "producer_requests.h"

namespace bench {
namespace {

constexpr uint32_t different_batches = 4;

/// Gives each batch, which begins there in its request, the next sequences of an idempotent producer.
std::function<void(std::string& request)> numbering(const std::string& bootstrap, size_t batch_at) {
    return [producer = new_producer(bootstrap), batch_at](std::string& request) mutable {
        sign(request, batch_at, producer);
    };
}

std::vector<RawClient> producers(const std::string& bootstrap, const std::string& topic, const Load& load) {
    std::vector<RawClient> clients;
    for (int i = 0; i < load.connections; i++) {
        RawClient& client = clients.emplace_back();
        size_t batch_at = 0;
        for (uint32_t seed = 0; seed < different_batches; seed++) {
            const std::string batch = make_batch(load.batch, seed);
            client.requests.push_back(produce_request(topic, i % load.partitions, batch));
            batch_at = client.requests.back().find(batch);
        }
        client.check = check_produced;
        if (load.idempotent) client.prepare = numbering(bootstrap, batch_at);
    }
    return clients;
}

} // namespace

void check_produced(View response) {
    for (const auto& topic : decode<wire::produce::Request>(response).responses)
        for (const auto& partition : topic.partition_responses) check(partition.error_code, "produce");
}

Produced produce_for(const std::string& bootstrap, const std::string& topic, const Load& load,
                     double duration) {
    return {send_for(bootstrap, producers(bootstrap, topic, load), load.in_flight, duration)};
}

int64_t produce_bytes(const std::string& bootstrap, const std::string& topic, const Load& load, size_t bytes,
                      double seconds_at_most) {
    const size_t requests = (bytes + load.batch.payload_bytes() - 1) / load.batch.payload_bytes();
    const size_t answered = send_requests(bootstrap, producers(bootstrap, topic, load), load.in_flight,
                                          requests, seconds_at_most);
    return int64_t(answered) * load.batch.records;
}

} // namespace bench
