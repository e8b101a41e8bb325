// What one group has committed, by topic id and partition: a topic that is deleted and made anew under the same
// name has nothing committed. Pure; main thread only.
#pragma once
#include "group/types.h"

#include <map>

namespace kafka::group {

struct CommittedOffset {
    int64_t offset = -1;
    int32_t leader_epoch = -1;
    std::string metadata;
    int64_t commit_timestamp_ms = 0;
    int64_t expire_timestamp_ms = -1; ///< -1: offsets.retention.minutes holds
    bool operator==(const CommittedOffset&) const = default;
};

class Offsets {
public:
    using Key = std::pair<wire::Uuid, int32_t>; ///< topic id and partition

    void apply(const OffsetRow& row);

    const CommittedOffset* find(const wire::Uuid& topic_id, int32_t partition) const;
    /// In the order of topic ids and partitions.
    const std::map<Key, CommittedOffset>& all() const { return offsets_; }
    /// Those of topics for which there_is(topic id) is false.
    std::vector<Key> of_missing_topics(const std::function<bool(const wire::Uuid& topic_id)>& there_is) const;
    bool empty() const { return offsets_.empty(); }

private:
    std::map<Key, CommittedOffset> offsets_;
};

/// Kafka's limit of metadata is called one of bytes, but it counts UTF-16's units.
bool metadata_too_large(wire::View metadata, int32_t limit);

/// The row that removes what was committed.
OffsetRow removal(const std::string& group_id, const Offsets::Key& key);

/// `unused_since_ms`: from when on the retention time counts; a time of its own that a commit came with goes
/// before.
bool expired(const CommittedOffset& offset, int64_t unused_since_ms, const Settings& settings,
             int64_t now_ms);

} // namespace kafka::group
