#include "group/offsets.h"

namespace kafka::group {

void Offsets::apply(const OffsetRow& row) {
    const Key key{row.topic_id, row.partition};
    if (row.removed)
        offsets_.erase(key);
    else
        offsets_[key] = {row.offset, row.leader_epoch, row.metadata, row.commit_timestamp_ms,
                         row.expire_timestamp_ms};
}

const CommittedOffset* Offsets::find(const wire::Uuid& topic_id, int32_t partition) const {
    const auto at = offsets_.find({topic_id, partition});
    return at == offsets_.end() ? nullptr : &at->second;
}

std::vector<Offsets::Key> Offsets::of_topic(const wire::Uuid& topic_id) const {
    std::vector<Key> keys;
    const Key first{topic_id, std::numeric_limits<int32_t>::min()};
    for (auto at = offsets_.lower_bound(first); at != offsets_.end() && at->first.first == topic_id; ++at)
        keys.push_back(at->first);
    return keys;
}

OffsetRow removal(const std::string& group_id, const Offsets::Key& key) {
    OffsetRow row;
    row.group_id = group_id;
    row.topic_id = key.first;
    row.partition = key.second;
    row.removed = true;
    return row;
}

bool expired(const CommittedOffset& offset, int64_t unused_since_ms, const Settings& settings,
             int64_t now_ms) {
    if (offset.expire_timestamp_ms >= 0) return now_ms >= offset.expire_timestamp_ms;
    return now_ms - unused_since_ms >= int64_t(settings.offsets_retention_minutes) * 60'000;
}

} // namespace kafka::group
