// Topics, partitions and segments as a query's snapshot sees them. Runs in the session of a query.
#pragma once
#include "log/topic.h"

#include <optional>
#include <string>
#include <vector>

#include "pg/guard.h"

extern "C" {
#include "utils/snapshot.h"
}

namespace kafka::sql {

struct StoredPartition {
    int32_t index;
    int64_t log_start_offset;
};

/// What a reader of a topic has to know.
struct TopicLog {
    wire::Uuid id;
    std::string name;
    std::vector<StoredPartition> partitions; ///< by index
    std::vector<log::Segment> segments;      ///< oldest first
};

/// Names of all topics, sorted. Throws Error.
std::vector<std::string> read_topic_names(Snapshot snapshot);

/// The topic of that name; nothing if there is none. Throws Error.
std::optional<TopicLog> read_topic(Snapshot snapshot, const std::string& name);

} // namespace kafka::sql
