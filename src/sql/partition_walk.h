// A walk over the partitions that a query can want, by topic name and partition number.
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

    /// Begins anew, under these bounds; they must stay alive.
    void restart(const Bounds& bounds);

    /// Moves to the next partition. False at the end.
    bool next();

    // Where the walk is; after next() gave true.
    const TopicLog& topic() const { return *topic_; }
    const StoredPartition& partition() const { return topic_->partitions[next_partition_ - 1]; }

private:
    const TopicLog* find(const std::string& name);

    Snapshot snapshot_;
    const Bounds* bounds_ = nullptr;
    std::vector<std::string> names_; ///< of the topics to visit
    size_t next_name_ = 0;
    const TopicLog* topic_ = nullptr;
    size_t next_partition_ = 0;
    /// Topics read so far; nothing: there is none of that name. They stay as they are, for the snapshot does.
    std::map<std::string, std::optional<TopicLog>> topics_;
};

} // namespace kafka::sql
