// See partition_walk.h.
#include "sql/partition_walk.h"

namespace kafka::sql {

void PartitionWalk::restart(const Bounds& bounds) {
    bounds_ = &bounds;
    names_ = bounds.topics ? *bounds.topics : read_topic_names(snapshot_);
    next_name_ = next_partition_ = 0;
    topic_ = nullptr;
}

bool PartitionWalk::next() {
    for (;;) {
        while (topic_ && next_partition_ < topic_->partitions.size())
            if (bounds_->partitions.contains(topic_->partitions[next_partition_++].index)) return true;
        if (next_name_ == names_.size()) return false;
        topic_ = find(names_[next_name_++]);
        next_partition_ = 0;
    }
}

const TopicLog* PartitionWalk::find(const std::string& name) {
    auto at = topics_.find(name);
    if (at == topics_.end()) at = topics_.emplace(name, read_topic(snapshot_, name)).first;
    return at->second ? &*at->second : nullptr;
}

} // namespace kafka::sql
