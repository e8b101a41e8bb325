// From the net thread to the main thread: a decoded request becomes a Call, with the batches of a Produce
// request checked and, where a topic asks for it, compressed anew, so that the main thread only has to assign
// offsets.
#pragma once
#include "api/call.h"
#include "api/checking_threads.h"
#include "log/catalog.h"

#include <functional>
#include <mutex>
#include <optional>
#include <variant>

namespace kafka::api {

/// Compression that a topic, or the broker's default, asks for.
struct TargetCompression {
    record::Codec codec;
    std::optional<int> level;
};

/// How the batches that are received are treated; an immutable value that the main thread replaces.
struct BatchPolicy {
    size_t max_decompressed_bytes = 0;
    size_t max_batch_bytes = 0;                  ///< that compressing anew may make
    std::optional<TargetCompression> by_default; ///< nothing: as the producer sent it
    std::unordered_map<std::string, std::optional<TargetCompression>> by_name; ///< topics that differ from it
    std::unordered_map<wire::Uuid, std::optional<TargetCompression>, wire::UuidHash> by_id;
};

/// What compression.type and its level mean; nothing for "producer".
std::optional<TargetCompression> target_compression(const std::string& type, std::optional<int> level);

/// A client's connection has ended: nothing it waits for needs an answer.
struct ConnectionClosed {
    uint64_t connection;
};

/// net thread -> main thread.
using Inbound = std::variant<Call, ConnectionClosed, net::Notice>;

/// Makes calls of requests. The net thread does it itself, but for Produce requests that would hold up other clients: their
/// batches are large, unpack to much, or are compressed anew. Those are for the checking threads, and so are requests of the
/// same connection that come meanwhile, since they must not overtake.
class Receiver {
public:
    /// `deliver` takes calls and `refuse` what is answered at once; both on any of these threads.
    Receiver(std::function<void(Call&&)> deliver, std::function<void(net::Reply&&)> refuse);

    /// Takes effect with the next request. Main thread.
    void set_policy(BatchPolicy policy);
    /// Net thread.
    void receive(net::Received&& received);
    /// The connections of Produce requests that are not checked yet are closed. After this no Produce is delivered. Main thread.
    void stop();

private:
    std::shared_ptr<const BatchPolicy> policy() const;
    bool prepare(Call& call, Effort effort, const std::stop_token& stop);
    bool check(Call& call, Effort effort, const std::stop_token& stop) noexcept;
    void refuse(Call&& call, const char* why) noexcept;

    std::function<void(Call&&)> deliver_;
    std::function<void(net::Reply&&)> refuse_;
    mutable std::mutex mutex_;
    std::shared_ptr<const BatchPolicy> policy_ = std::make_shared<const BatchPolicy>();
    CheckingThreads threads_;
};

} // namespace kafka::api
