// See epochs.h. Every batch is stored with the epoch in which it was appended, and epochs never fall along a
// log, so the end of an epoch is the first batch of a later one: its segment is found by halves, then the batch.
#include "api/epochs.h"

namespace kafka::api {
namespace {

/// The segments that have batches of the partition, oldest first, as far as memory knows.
std::vector<int64_t> segments_holding(const log::Topic& topic, const log::Partition& partition) {
    std::vector<int64_t> holding;
    for (size_t i = 0; i < topic.segments.size(); i++) {
        const bool last = i + 1 == topic.segments.size();
        const int64_t end =
            last ? partition.high_watermark : topic.segments[i + 1].start_offset(partition.index);
        const log::Segment& segment = topic.segments[i];
        if (segment.start_offset(partition.index) < end && segment.may_hold(partition.index))
            holding.push_back(segment.id);
    }
    return holding;
}

/// Between which segments an epoch ended.
struct Border {
    int32_t epoch_before = -1; ///< of the last batch in the segments that end no later than in it; -1: none
    std::optional<int64_t> later; ///< the first segment that ends in a later epoch
};

Border find_border(Broker& broker, const std::vector<int64_t>& segments, int32_t index, int32_t epoch,
                   size_t& read) {
    Border border;
    for (size_t low = 0, high = segments.size(); low < high;) {
        const size_t middle = low + (high - low) / 2;
        std::optional<store::SegmentEnd> end;
        size_t at = middle;
        for (; at < high && !end;
             at++) { // a segment may have lost its batches: then the next one speaks for it
            end = broker.batches.end(segments[at], index);
            read += cost_of_look_up;
        }
        if (end && end->leader_epoch <= epoch) {
            border.epoch_before = end->leader_epoch;
            low = at;
        } else {
            if (end) border.later = segments[at - 1];
            high = middle;
        }
    }
    return border;
}

} // namespace

wire::ErrorCode check_leader_epoch(const Broker& broker, int32_t current_leader_epoch) {
    if (current_leader_epoch < 0 || current_leader_epoch == broker.leader_epoch) return wire::ErrorCode::none;
    return current_leader_epoch < broker.leader_epoch ? wire::ErrorCode::fenced_leader_epoch
                                                      : wire::ErrorCode::unknown_leader_epoch;
}

EpochEnd epoch_end(Broker& broker, const log::Topic& topic, int32_t index, int32_t epoch, size_t& read) {
    const log::Partition& partition = *topic.partition(index);
    if (epoch > broker.leader_epoch || epoch < 0) return {};
    if (epoch == broker.leader_epoch) return {epoch, partition.high_watermark};
    Border border = find_border(broker, segments_holding(topic, partition), index, epoch, read);
    int64_t end = partition.high_watermark;
    if (border.later) {
        read += 2 * cost_of_look_up;
        end = broker.batches.first_reaching(*border.later, index, store::Rising::leader_epoch, epoch + 1)
                  .value_or(end);
        if (const auto before = broker.batches.last_before(*border.later, index, end))
            border.epoch_before = before->leader_epoch;
    }
    return {border.epoch_before < 0 ? epoch : border.epoch_before, end};
}

} // namespace kafka::api
