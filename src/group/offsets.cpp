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

std::vector<Offsets::Key>
Offsets::of_missing_topics(const std::function<bool(const wire::Uuid& topic_id)>& there_is) const {
    std::vector<Key> keys;
    std::optional<wire::Uuid> last; ///< topic that was asked for
    bool missing = false;
    for (const auto& [key, offset] : offsets_) {
        if (last != key.first) missing = !there_is(key.first);
        last = key.first;
        if (missing) keys.push_back(key);
    }
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

bool metadata_too_large(wire::View metadata, int32_t limit) {
    int64_t units = 0;
    for (const char c : metadata) {
        const uint8_t byte = uint8_t(c);
        if ((byte & 0xc0) != 0x80) units += byte >= 0xf0 ? 2 : 1; // the first byte of a character
    }
    return units > limit;
}

} // namespace kafka::group
