// See batch_walk.h.
#include "sql/batch_walk.h"

#include <algorithm>

namespace kafka::sql {
namespace {

/// Of a closed segment. A partition that came later than the segment has no record in it.
int64_t max_timestamp(const log::Segment& segment, int32_t partition) {
    const auto index = size_t(partition);
    return index < segment.max_timestamps.size() ? segment.max_timestamps[index] : INT64_MIN;
}

} // namespace

void BatchWalk::restart(const TopicLog& topic, const StoredPartition& partition, const Bounds& bounds,
                        bool backward) {
    close();
    topic_ = &topic;
    bounds_ = &bounds;
    partition_ = partition.index;
    backward_ = backward;
    low_ = partition.log_start_offset;
    high_ = INT64_MAX;
    segments_done_ = 0;
}

void BatchWalk::end_before(int64_t offset) { high_ = std::min(high_, offset - 1); }

std::optional<BatchPosition> BatchWalk::next() {
    for (;;) {
        if (table_.is_open())
            if (const auto batch = next_of_segment()) return batch;
        table_.close();
        if (!next_segment()) return std::nullopt;
    }
}

/// The next offset that is wanted, in the direction of the walk.
std::optional<int64_t> BatchWalk::next_wanted() const {
    const auto wanted = backward_ ? bounds_->offsets.previous(high_) : bounds_->offsets.next(low_);
    return wanted && *wanted >= low_ && *wanted <= high_ ? wanted : std::nullopt;
}

bool BatchWalk::next_segment() {
    const auto wanted = next_wanted();
    if (!wanted) return false;
    const auto& segments = topic_->segments;
    while (segments_done_ < segments.size()) {
        const size_t next = backward_ ? segments.size() - 1 - segments_done_ : segments_done_;
        segments_done_++;
        if (!may_hold(next, *wanted) || !table_.open(segments[next].id)) continue;
        positioned_ = false;
        return true;
    }
    return false;
}

/// Whether the wanted offset, or others that come after it on the walk, can be in that segment.
bool BatchWalk::may_hold(size_t segment, int64_t wanted) const {
    const auto& segments = topic_->segments;
    const auto begins_after = [&](size_t i) { return segments[i].start_offset(partition_) > wanted; };
    const bool passed =
        backward_ ? begins_after(segment) : segment + 1 < segments.size() && !begins_after(segment + 1);
    const bool is_older =
        segments[segment].closed() && max_timestamp(segments[segment], partition_) < bounds_->min_timestamp;
    return !passed && !is_older;
}

std::optional<BatchPosition> BatchWalk::next_of_segment() {
    while (const auto wanted = next_wanted()) {
        const auto batch = backward_ ? find_back(*wanted) : find(*wanted);
        if (!batch) return std::nullopt;
        const bool wants_it = holds_wanted(*batch);
        pass(*batch);
        if (wants_it) return batch;
    }
    return std::nullopt;
}

std::optional<BatchPosition> BatchWalk::find(int64_t wanted) {
    if (!positioned_ || wanted > low_) seek(wanted);
    return positioned_ ? table_.next() : std::nullopt;
}

/// The largest timestamp up to a batch never falls within a segment: before one that does not reach the time nothing does.
std::optional<BatchPosition> BatchWalk::find_back(int64_t wanted) {
    const auto batch = table_.find_back(partition_, wanted);
    return batch && batch->max_timestamp >= bounds_->min_timestamp ? batch : std::nullopt;
}

/// Leaves positioned_ false if the segment ends before the times that are wanted.
void BatchWalk::seek(int64_t offset) {
    positioned_ = false;
    if (bounds_->min_timestamp > INT64_MIN) {
        const auto first = table_.first_reaching(partition_, offset, bounds_->min_timestamp);
        if (!first) return;
        offset = std::max(offset, *first);
    }
    table_.seek(partition_, offset);
    low_ = offset;
    positioned_ = true;
}

bool BatchWalk::holds_wanted(const BatchPosition& batch) const {
    const auto wanted = bounds_->offsets.next(std::max(low_, batch.base_offset));
    return wanted && *wanted <= std::min(high_, batch.last_offset);
}

void BatchWalk::pass(const BatchPosition& batch) {
    if (!backward_)
        low_ = batch.next_offset();
    else
        high_ = batch.base_offset > INT64_MIN ? batch.base_offset - 1 : INT64_MIN;
}

} // namespace kafka::sql
