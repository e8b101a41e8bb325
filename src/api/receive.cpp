// See receive.h. Runs on the net thread and the checking threads: no server function, no state of the broker but the policy.
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

/// How much is done for one request at most, in bytes.
struct Bounds {
    size_t received; ///< its frame
    size_t unpacked; ///< what its batches decompress to, all together
    size_t packed;   ///< what is compressed anew of that
};

Bounds bounds_of(Effort effort, const BatchPolicy& policy) {
    constexpr size_t kib = 1 << 10, mib = 1 << 20, unbounded = SIZE_MAX;
    const size_t most = policy.max_decompressed_bytes;
    switch (effort) {
    case Effort::little:
        return {mib, std::min(mib, most), 0};
    case Effort::some:
        return {unbounded, std::min(8 * mib, most), 128 * kib};
    case Effort::any:
        break;
    }
    return {unbounded, most, unbounded};
}

/// The batches of one Produce request, checked and compressed as their topics want it.
class Preparation {
public:
    Preparation(const Call& call, const BatchPolicy& policy, Effort effort, const std::stop_token& stop = {})
        : call_(call), policy_(policy), effort_(effort), stop_(stop), left_(bounds_of(effort, policy)) {}

    /// False if it takes more than the effort.
    bool run();
    PreparedBatches take() { return std::move(batches_); }
    /// Bytes that were made beside those received.
    size_t made() const { return made_; }

private:
    bool add(wire::View records, const std::optional<TargetCompression>& target);
    bool pack(PreparedBatch& batch, const TargetCompression& target);

    const Call& call_;
    const BatchPolicy& policy_;
    const Effort effort_;
    const std::stop_token stop_;
    Bounds left_;
    PreparedBatches batches_;
    size_t made_ = 0;
};

bool Preparation::run() {
    if (call_.frame().size() > left_.received) return false;
    for (const auto& topic : std::get<wire::produce::Request>(call_.request()).topic_data) {
        const auto& target = target_for(topic, policy_);
        for (const auto& partition : topic.partition_data)
            if (!add(partition.records.data, target)) return false;
    }
    return true;
}

bool Preparation::add(wire::View records, const std::optional<TargetCompression>& target) {
    if (stop_.stop_requested()) throw record::Stopped();
    PreparedBatch batch{record::check(records, call_.version(), left_.unpacked),
                        {call_.shared_frame(), records}};
    const record::Checked& checked = batch.checked;
    if (checked.error == wire::ErrorCode::message_too_large && effort_ != Effort::any) return false;
    left_.unpacked -= std::min(left_.unpacked, checked.decompressed_size);
    const bool as_wanted =
        checked.error != wire::ErrorCode::none || !target || checked.codec == target->codec;
    if (!as_wanted && !pack(batch, *target)) return false;
    batches_.push_back(std::move(batch));
    return true;
}

/// What grows by it beyond what a client could send is refused: small requests could fill memory and disk.
bool Preparation::pack(PreparedBatch& batch, const TargetCompression& target) {
    record::Checked& checked = batch.checked;
    const size_t plain = std::max(checked.size, checked.decompressed_size);
    if (plain > left_.packed) return false;
    left_.packed -= plain;
    auto packed = record::recompress(batch.data.data, target.codec, target.level, plain, stop_);
    if (!packed) return true;
    if (packed->size() > policy_.max_batch_bytes) {
        checked.error = wire::ErrorCode::message_too_large;
        checked.message = "The record batch has " + std::to_string(packed->size()) +
                          " bytes under the topic's compression.type, more than a request may have";
        return true;
    }
    made_ += packed->size();
    const auto owner = std::make_shared<std::string>(std::move(*packed));
    batch.data = {owner, *owner};
    return true;
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
    const uint64_t connection = received.id.connection;
    Call call(std::move(received), {});
    if (!std::holds_alternative<wire::produce::Request>(call.request())) return deliver_(std::move(call));
    if (!threads_.must_wait(connection) && prepare(call, Effort::little, {}))
        return deliver_(std::move(call));
    threads_.add(connection, [this, waiting = std::make_shared<Call>(std::move(call))](
                                 auto effort, auto& stop) { return check(*waiting, effort, stop); });
}

bool Receiver::prepare(Call& call, Effort effort, const std::stop_token& stop) {
    const auto used = policy();
    Preparation preparation(call, *used, effort, stop);
    if (!preparation.run()) return false;
    call.batches() = preparation.take();
    if (preparation.made() > 0) {
        call.shared_frame()->charge(preparation.made());
        if (effort == Effort::any) call.keep_until_answered(threads_.hold_back());
    }
    return true;
}

/// On the threads for it.
bool Receiver::check(Call& call, Effort effort, const std::stop_token& stop) noexcept {
    try {
        if (!prepare(call, effort, stop)) return false;
        deliver_(std::move(call));
    } catch (const record::Stopped&) {
        refuse(std::move(call), "");
    } catch (const std::bad_alloc&) {
        refuse(std::move(call), "There is not enough memory to serve it.");
    } catch (const std::exception& error) {
        refuse(std::move(call), error.what());
    }
    return true;
}

void Receiver::refuse(Call&& call, const char* why) noexcept {
    try {
        if (call.pending()) refuse_(std::move(call).close(why));
    } catch (const std::bad_alloc&) { // there is no memory even to say so; the client will ask again
    }
}

void Receiver::stop() { threads_.stop(); }

} // namespace kafka::api
