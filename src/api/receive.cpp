// See receive.h. Runs on the net thread: no server function, no state of the broker but the policy.
#include "api/receive.h"

#include "record/builder.h"

namespace kafka::api {
namespace {

const std::optional<TargetCompression>& target_for(const wire::produce::TopicProduceData& topic,
                                                   const BatchPolicy& policy) {
    if (topic.name.empty()) {
        const auto it = policy.by_id.find(topic.topic_id);
        return it == policy.by_id.end() ? policy.by_default : it->second;
    }
    const auto it = policy.by_name.find(topic.name);
    return it == policy.by_name.end() ? policy.by_default : it->second;
}

PreparedBatch prepare(const wire::Records& records, int16_t version, const std::shared_ptr<net::Frame>& frame,
                      const std::optional<TargetCompression>& target, size_t max_decompressed) {
    PreparedBatch batch{record::check(records.data, version, max_decompressed), {frame, records.data}};
    if (batch.checked.error != wire::ErrorCode::none || !target || batch.checked.codec == target->codec)
        return batch;
    if (auto again = record::recompress(records.data, target->codec, target->level, max_decompressed)) {
        const auto owner = std::make_shared<std::string>(std::move(*again));
        batch.data = {owner, *owner};
    }
    return batch;
}

/// What the net thread checks of one request at most: received bytes, and unpacked ones. It takes some milliseconds.
constexpr size_t max_bytes_at_once = 1 << 20;

enum class Effort {
    little, ///< what other clients may wait for
    any,
};

/// The batches of a Produce request, which all together may decompress to as much as one. Nothing if that takes more than the
/// effort.
std::optional<PreparedBatches> prepare(const wire::produce::Request& request, int16_t version,
                                       const std::shared_ptr<net::Frame>& frame, const BatchPolicy& policy,
                                       Effort effort) {
    const bool little = effort == Effort::little;
    if (little && frame->size() > max_bytes_at_once) return std::nullopt;
    PreparedBatches batches;
    size_t left =
        little ? std::min(max_bytes_at_once, policy.max_decompressed_bytes) : policy.max_decompressed_bytes;
    for (const auto& topic : request.topic_data) {
        const auto& target = target_for(topic, policy);
        if (little && target) return std::nullopt;
        for (const auto& partition : topic.partition_data) {
            batches.push_back(prepare(partition.records, version, frame, target, left));
            const record::Checked& checked = batches.back().checked;
            if (little && checked.error == wire::ErrorCode::message_too_large) return std::nullopt;
            left -= std::min(left, checked.decompressed_size);
        }
    }
    return batches;
}

} // namespace

std::optional<TargetCompression> target_compression(const std::string& type, std::optional<int> level) {
    const auto codec = record::codec_named(type);
    if (!codec) return std::nullopt;
    return TargetCompression{*codec, level};
}

Receiver::Receiver(std::function<void(Call&&)> deliver, std::function<void(net::Reply&&)> refuse)
    : deliver_(std::move(deliver)), refuse_(std::move(refuse)) {}

void Receiver::set_policy(BatchPolicy policy) {
    auto fresh = std::make_shared<const BatchPolicy>(std::move(policy));
    const std::lock_guard lock(mutex_);
    policy_ = std::move(fresh);
}

std::shared_ptr<const BatchPolicy> Receiver::policy() const {
    const std::lock_guard lock(mutex_);
    return policy_;
}

void Receiver::receive(net::Received&& received) {
    const auto* produce = std::get_if<wire::produce::Request>(&received.request);
    if (!produce) return deliver_(Call(std::move(received), {}));
    const uint64_t connection = received.id.connection;
    if (!thread_.has(connection)) {
        auto batches =
            prepare(*produce, received.header.api_version, received.frame, *policy(), Effort::little);
        if (batches) return deliver_(Call(std::move(received), std::move(*batches)));
    }
    thread_.add(connection, [this, call = std::make_shared<Call>(std::move(received), PreparedBatches())] {
        check(std::move(*call));
    });
}

/// On the checking thread.
void Receiver::check(Call&& call) {
    try {
        const auto& request = std::get<wire::produce::Request>(call.request());
        call.batches() = *prepare(request, call.version(), call.shared_frame(), *policy(), Effort::any);
    } catch (const std::bad_alloc&) {
        return refuse_(std::move(call).close("There is not enough memory to serve it."));
    }
    deliver_(std::move(call));
}

void Receiver::stop() { thread_.stop(); }

} // namespace kafka::api
