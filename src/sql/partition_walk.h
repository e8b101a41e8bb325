// A walk over the partitions that a query can want, by topic name and partition number, either way.
// Runs in the session of a query. Functions throw Error.
#pragma once
#include "sql/bounds.h"
#include "sql/catalog_reader.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kafka::sql {

class PartitionWalk {
public:
    explicit PartitionWalk(Snapshot snapshot) : snapshot_(snapshot) {}

    /// Begins anew, under these bounds, which must stay alive; `backward`: with the last one.
    void restart(const Bounds& bounds, bool backward = false);

    /// Moves to the next partition. False at the end.
    bool next();

    // Where the walk is; after next() gave true.
    const TopicLog& topic() const { return *topic_; }
    const StoredPartition& partition() const {
        return topic_->partitions[visited_partition(partitions_done_ - 1)];
    }

private:
    const TopicLog* find(const std::string& name);
    /// The index of what is visited after so many of the topic's partitions.
    size_t visited_partition(size_t done) const {
        return backward_ ? topic_->partitions.size() - 1 - done : done;
    }

    Snapshot snapshot_;
    const Bounds* bounds_ = nullptr;
    bool backward_ = false;
    std::vector<std::string> names_; ///< of the topics to visit, in this order
    size_t next_name_ = 0;
    const TopicLog* topic_ = nullptr;
    size_t partitions_done_ = 0; ///< of the topic, with the one where the walk is
    /// Topics read so far; nothing: there is none of that name. They stay as they are, for the snapshot does.
    std::map<std::string, std::optional<TopicLog>> topics_;
};

} // namespace kafka::sql
