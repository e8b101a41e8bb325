// See partition_walk.h.
#include "sql/partition_walk.h"

#include <algorithm>

namespace kafka::sql {

void PartitionWalk::restart(const Bounds& bounds, bool backward) {
    bounds_ = &bounds;
    backward_ = backward;
    names_ = bounds.topics ? *bounds.topics : read_topic_names(snapshot_);
    if (backward) std::reverse(names_.begin(), names_.end());
    next_name_ = partitions_done_ = 0;
    topic_ = nullptr;
}

bool PartitionWalk::next() {
    for (;;) {
        while (topic_ && partitions_done_ < topic_->partitions.size()) {
            partitions_done_++;
            if (bounds_->partitions.contains(partition().index)) return true;
        }
        if (next_name_ == names_.size()) return false;
        topic_ = find(names_[next_name_++]);
        partitions_done_ = 0;
    }
}

const TopicLog* PartitionWalk::find(const std::string& name) {
    auto at = topics_.find(name);
    if (at == topics_.end()) at = topics_.emplace(name, read_topic(snapshot_, name)).first;
    return at->second ? &*at->second : nullptr;
}

} // namespace kafka::sql
