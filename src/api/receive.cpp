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

/// All batches of a request together may decompress to as much as one, so that no request holds up the others for long.
PreparedBatches prepare_all(const wire::produce::Request& request, int16_t version,
                            const std::shared_ptr<net::Frame>& frame, const BatchPolicy& policy) {
    PreparedBatches batches;
    size_t left = policy.max_decompressed_bytes;
    for (const auto& topic : request.topic_data) {
        const auto& target = target_for(topic, policy);
        for (const auto& partition : topic.partition_data) {
            batches.push_back(prepare(partition.records, version, frame, target, left));
            left -= std::min(left, batches.back().checked.decompressed_size);
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

Call receive(net::Received received, const BatchPolicy& policy) {
    PreparedBatches batches;
    if (const auto* produce = std::get_if<wire::produce::Request>(&received.request))
        batches = prepare_all(*produce, received.header.api_version, received.frame, policy);
    return Call(std::move(received), std::move(batches));
}

} // namespace kafka::api
