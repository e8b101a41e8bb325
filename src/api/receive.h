// From the net thread to the main thread: a decoded request becomes a Call, with the batches of a Produce
// request checked and, where a topic asks for it, compressed anew, so that the main thread only has to assign
// offsets.
#pragma once
#include "api/call.h"
#include "log/catalog.h"

#include <mutex>
#include <optional>
#include <variant>

namespace kafka::api {

/// Compression that a topic, or the broker's default, asks for.
struct TargetCompression {
    record::Codec codec;
    std::optional<int> level;
};

/// How the net thread treats the batches it receives; an immutable value that the main thread replaces.
struct BatchPolicy {
    size_t max_decompressed_bytes = 0;
    std::optional<TargetCompression> by_default; ///< nothing: as the producer sent it
    std::unordered_map<std::string, std::optional<TargetCompression>> by_name; ///< topics that differ from it
    std::unordered_map<wire::Uuid, std::optional<TargetCompression>, log::UuidHash> by_id;
};

/// What compression.type and its level mean; nothing for "producer".
std::optional<TargetCompression> target_compression(const std::string& type, std::optional<int> level);

/// Hands the current policy from the main thread to the net thread.
class PolicyBox {
public:
    void set(BatchPolicy policy) {
        auto fresh = std::make_shared<const BatchPolicy>(std::move(policy));
        std::lock_guard lock(mutex_);
        policy_ = std::move(fresh);
    }
    std::shared_ptr<const BatchPolicy> get() const {
        std::lock_guard lock(mutex_);
        return policy_;
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const BatchPolicy> policy_ = std::make_shared<const BatchPolicy>();
};

/// A client's connection has ended: nothing it waits for needs an answer.
struct ConnectionClosed {
    uint64_t connection;
};

/// net thread -> main thread.
using Inbound = std::variant<Call, ConnectionClosed, net::Notice>;

/// Makes the call of a request. Runs on the net thread.
Call receive(net::Received received, const BatchPolicy& policy);

} // namespace kafka::api
