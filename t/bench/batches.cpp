// See batches.h.
#include "batches.h"

#include "record/builder.h"
#include "requests.h"

#include <chrono>
#include <random>

namespace bench {
namespace {

using Random = std::mt19937;

template <class Choices> const auto& one_of(Random& random, const Choices& choices) {
    return choices[random() % std::size(choices)];
}

std::string letters(Random& random, size_t size) {
    std::string text(size, ' ');
    for (char& letter : text) letter = char('A' + random() % 26);
    return text;
}

/// An order as a shop would write it: names and words repeat, numbers and ids do not.
std::string json(Random& random, size_t size) {
    static constexpr const char* customers[] = {"Alice Moreau",    "Bob Nakamura", "Carol Okafor",
                                                "Dmitri Ivanov",   "Elena Rossi",  "Farid Haddad",
                                                "Grace Lindqvist", "Hugo Schmidt"};
    static constexpr const char* items[] = {"green tea", "oat milk", "teaspoon", "coffee beans", "sugar bowl",
                                            "kettle",    "biscuits", "honey",    "paper filter", "mug"};
    static constexpr const char* states[] = {"placed", "paid", "packed", "shipped", "delivered", "returned"};
    char id[33];
    std::snprintf(id, sizeof id, "%08x%08x%08x%08x", unsigned(random()), unsigned(random()),
                  unsigned(random()), unsigned(random()));
    std::string text = R"({"order_id":")" + std::string(id) + R"(","customer":{"id":)" +
                       std::to_string(random() % 1000000) + R"(,"name":")" + one_of(random, customers) +
                       R"("},"status":")" + one_of(random, states) + R"(","created_at":"2026-03-)" +
                       std::to_string(10 + random() % 20) + "T" + std::to_string(10 + random() % 14) + ":" +
                       std::to_string(10 + random() % 50) + R"(:00Z","items":[)";
    while (text.size() + 120 < size)
        text += R"({"sku":")" + std::to_string(random() % 100000000) + R"(","name":")" +
                one_of(random, items) + R"(","quantity":)" + std::to_string(1 + random() % 9) +
                R"(,"price":)" + std::to_string(random() % 100) + "." + std::to_string(10 + random() % 90) +
                "},";
    text += R"(],"comment":")";
    while (text.size() + 2 < size) text += char('a' + random() % 26);
    text += R"("})";
    text.resize(size);
    return text;
}

} // namespace

std::string make_batch(const BatchKind& kind, uint32_t seed) {
    Random random(seed);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const int64_t timestamp = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    kafka::record::BatchBuilder builder({.codec = kind.codec});
    for (int i = 0; i < kind.records; i++) {
        const std::string value = kind.payload == Payload::json ? json(random, kind.record_bytes)
                                                                : letters(random, kind.record_bytes);
        builder.add(timestamp, std::nullopt, value);
    }
    return builder.finish();
}

std::string produce_request(const std::string& topic, int32_t partition, const std::string& batch) {
    return produce_request(topic, partition, batch, {}, version_of<wire::produce::Request>);
}

std::string produce_request(const std::string& topic, int32_t partition, const std::string& batch,
                            const std::optional<std::string>& transactional_id, int16_t version) {
    wire::produce::Request request;
    request.transactional_id = transactional_id;
    request.acks = -1;
    request.timeout_ms = 30000;
    auto& data = request.topic_data.emplace_back();
    data.name = topic;
    data.partition_data.push_back({partition, {batch, false}});
    return encode(request, version);
}

} // namespace bench
