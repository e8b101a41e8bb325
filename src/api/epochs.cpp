// See epochs.h. Every batch is stored with the epoch in which it was appended, and epochs never fall along a
// log, so the end of an epoch is the first batch of a later one.
#include "api/epochs.h"

namespace kafka::api {
namespace {

/// Epoch of the last batch before `offset`, searching the segments from `at` backwards; -1 if there is none.
int32_t epoch_before(Broker& broker, const log::Topic& topic, int32_t partition, size_t at, int64_t offset) {
    for (size_t i = at + 1; i-- > 0;) {
        if (offset <= topic.segments[i].start_offset(partition)) continue;
        if (const auto end = broker.batches.last_before(topic.segments[i].id, partition, offset))
            return end->leader_epoch;
    }
    return -1;
}

} // namespace

wire::ErrorCode check_leader_epoch(const Broker& broker, int32_t current_leader_epoch) {
    if (current_leader_epoch < 0 || current_leader_epoch == broker.leader_epoch) return wire::ErrorCode::none;
    return current_leader_epoch < broker.leader_epoch ? wire::ErrorCode::fenced_leader_epoch
                                                      : wire::ErrorCode::unknown_leader_epoch;
}

EpochEnd epoch_end(Broker& broker, const log::Topic& topic, int32_t index, int32_t epoch) {
    const log::Partition& partition = *topic.partition(index);
    if (epoch > broker.leader_epoch || epoch < 0) return {};
    if (epoch == broker.leader_epoch) return {epoch, partition.high_watermark};
    for (size_t i = 0; i < topic.segments.size(); i++) {
        const auto later = broker.batches.first_reaching(topic.segments[i].id, index,
                                                         store::Rising::leader_epoch, epoch + 1);
        if (!later) continue;
        const int32_t before = epoch_before(broker, topic, index, i, *later);
        return {before < 0 ? epoch : before, *later};
    }
    const int32_t last =
        topic.segments.empty()
            ? -1
            : epoch_before(broker, topic, index, topic.segments.size() - 1, partition.high_watermark);
    return {last < 0 ? epoch : last, partition.high_watermark};
}

} // namespace kafka::api
