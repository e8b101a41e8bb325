// OffsetCommit, OffsetFetch, OffsetDelete, and the offsets' end: their topic's deletion or their retention time.
#include "group/groups.h"
#include "group/limits.h"

#include <limits>
#include <set>
#include <unordered_set>

namespace kafka::group {
namespace {

/// How often unused offsets are looked for.
constexpr auto expiry_interval = std::chrono::minutes(10);
/// Most that a tick does of a round through all groups, beside groups_per_tick. A group is not split.
constexpr int16_t first_version_with_epochs = 9; ///< of OffsetCommit
constexpr size_t offsets_per_tick = 50'000, rows_per_tick = 1'000;

ErrorCode may_commit_to(const ConsumerGroup& group, int16_t version,
                        const wire::offset_commit::Request& request) {
    return group.check_commit(request.member_id, request.generation_id_or_member_epoch, version);
}

ErrorCode may_commit_to(const ClassicGroup& group, int16_t, const wire::offset_commit::Request& request) {
    return group.may_commit(request.member_id, request.group_instance_id,
                            request.generation_id_or_member_epoch);
}

/// Topics are named until v9, and identified since v10. None: there is no such topic.
template <class Topic>
std::optional<TopicInfo> find_topic(const TopicLookup& topics, int16_t version, const Topic& asked) {
    return version >= 10 ? topics.by_id(asked.topic_id) : topics.by_name(asked.name);
}

ErrorCode unknown_topic(int16_t version) {
    return version >= 10 ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition;
}

bool has_partition(const std::optional<TopicInfo>& topic, int32_t partition) {
    return topic && partition >= 0 && partition < topic->partitions;
}

/// As far in the future as can be said, should a client ask for more than that.
int64_t time_after(int64_t now_ms, int64_t duration_ms) {
    return now_ms + std::min(duration_ms, std::numeric_limits<int64_t>::max() - now_ms);
}

/// Those that are old without a subscriber, or of a topic that is not there. Each topic is asked for once, and for its subscribers if
/// it must be.
template <class Kind>
std::vector<Offsets::Key> unused_offsets(const Turn& turn, const Kind& kind, const Offsets& offsets) {
    std::vector<Offsets::Key> unused;
    const auto end = offsets.all().end();
    for (auto at = offsets.all().begin(); at != end;) {
        const wire::Uuid id = at->first.first;
        const std::optional<TopicInfo> topic = turn.topics.by_id(id);
        std::optional<bool> subscribed;
        for (; at != end && at->first.first == id; ++at) {
            const auto since = kind.unused_since_ms(at->second.commit_timestamp_ms);
            const bool old = since && expired(at->second, *since, turn.settings, turn.now.ms);
            if (topic && old && !subscribed) subscribed = kind.subscribed_to(*topic, turn.topics);
            if (!topic || (old && !*subscribed)) unused.push_back(at->first);
        }
    }
    return unused;
}

wire::offset_fetch::OffsetFetchResponsePartition shown(int32_t partition, const CommittedOffset* offset) {
    if (!offset) return {partition, -1, -1, "", ErrorCode::none};
    return {partition, offset->offset, offset->leader_epoch, offset->metadata, ErrorCode::none};
}

using AskedTopics = std::vector<wire::offset_fetch::OffsetFetchRequestTopic>;
using ShownTopics = std::vector<wire::offset_fetch::OffsetFetchResponseTopic>;

/// But those of topics that are not there.
ShownTopics all_shown(const Offsets& offsets, const TopicLookup& topics) {
    ShownTopics all;
    for (const auto& [key, offset] : offsets.all()) {
        const auto topic = topics.by_id(key.first);
        if (!topic) continue;
        if (all.empty() || all.back().topic_id != key.first)
            all.push_back({std::string(topic->name), key.first, {}});
        all.back().partitions.push_back(shown(key.second, &offset));
    }
    return all;
}

/// What was committed is shown once, however often it is asked for: its metadata may be long.
ShownTopics some_shown(const Offsets& offsets, const TopicLookup& topics, int16_t version,
                       const AskedTopics& asked_topics) {
    ShownTopics some;
    std::unordered_set<const CommittedOffset*> seen;
    for (const auto& asked : asked_topics) {
        const auto topic = find_topic(topics, version, asked);
        auto& answered = some.emplace_back();
        answered.name = asked.name;
        answered.topic_id = asked.topic_id;
        for (const int32_t partition : asked.partition_indexes) {
            const CommittedOffset* offset = topic ? offsets.find(topic->id, partition) : nullptr;
            if (offset && !seen.insert(offset).second) continue;
            answered.partitions.push_back(shown(partition, offset));
            if (!topic && version >= 10) answered.partitions.back().error_code = ErrorCode::unknown_topic_id;
        }
    }
    return some;
}

} // namespace

Groups::Groups(Time now) : expiry_{now + expiry_interval} {}

/// Members of no group and tools make one, which exists for its offsets only (a simple group).
ErrorCode Groups::may_commit(const Caller& caller, const wire::offset_commit::Request& request) const {
    if (!storable_group_id(request.group_id)) return ErrorCode::invalid_group_id;
    const Group* group = find(request.group_id);
    if (group)
        return std::visit([&](const auto& kind) { return may_commit_to(kind, caller.version, request); },
                          group->kind);
    if (request.generation_id_or_member_epoch < 0) return ErrorCode::none;
    return caller.version >= 9 ? ErrorCode::group_id_not_found : ErrorCode::illegal_generation;
}

/// A transaction's offsets are not of members alone: who the group's member is, is looked at if the request says it. A group that
/// rebalances takes them, as they were read before; a stale epoch is an error that these requests do not know.
ErrorCode Groups::may_commit(const wire::txn_offset_commit::Request& request) const {
    if (!storable_group_id(request.group_id)) return ErrorCode::invalid_group_id;
    if (request.member_id.empty() && !request.group_instance_id && request.generation_id < 0)
        return ErrorCode::none;
    const Group* group = find(request.group_id);
    if (!group) return request.generation_id < 0 ? ErrorCode::none : ErrorCode::illegal_generation;
    wire::offset_commit::Request commit;
    commit.member_id = request.member_id;
    commit.group_instance_id = request.group_instance_id;
    commit.generation_id_or_member_epoch = request.generation_id;
    const ErrorCode error =
        std::visit([&](const auto& kind) { return may_commit_to(kind, first_version_with_epochs, commit); },
                   group->kind);
    if (error == ErrorCode::rebalance_in_progress) return ErrorCode::none;
    return error == ErrorCode::stale_member_epoch ? ErrorCode::illegal_generation : error;
}

void Groups::expect_offsets(Turn& turn, const std::set<std::string>& group_ids) {
    for (const std::string& id : group_ids)
        std::visit([&](auto& kind) { kind.store_group(turn); }, find_or_add(id).kind);
}

void Groups::commit(Turn& turn, const std::vector<OffsetRow>& rows) {
    for (const OffsetRow& row : rows) {
        std::visit([&](auto& kind) { kind.store_group(turn); }, find_or_add(row.group_id).kind);
        write(turn, row);
    }
}

void Groups::commit_offsets(Turn& turn, const Caller& caller, const wire::offset_commit::Request& request) {
    const ErrorCode error = may_commit(caller, request);
    wire::offset_commit::Response response;
    for (const auto& asked : request.topics) {
        const auto topic = find_topic(turn.topics, caller.version, asked);
        auto& answered = response.topics.emplace_back();
        answered.name = asked.name;
        answered.topic_id = asked.topic_id;
        for (const auto& partition : asked.partitions) {
            ErrorCode code = error;
            if (!topic)
                code = unknown_topic(caller.version);
            else if (!has_partition(topic, partition.partition_index))
                code = ErrorCode::unknown_topic_or_partition;
            else if (code == ErrorCode::none)
                code = commit_one(turn, request, *topic, partition);
            answered.partitions.push_back({partition.partition_index, code});
        }
    }
    Group* group = error == ErrorCode::none ? get(request.group_id) : nullptr;
    if (group) std::visit([&](auto& kind) { kind.committed(turn, request.member_id); }, group->kind);
    settle(request.group_id);
    turn.effects.reply(caller.ticket, std::move(response));
}

ErrorCode Groups::commit_one(Turn& turn, const wire::offset_commit::Request& request, const TopicInfo& topic,
                             const wire::offset_commit::OffsetCommitRequestPartition& partition) {
    const std::string metadata = partition.committed_metadata.value_or("");
    if (metadata_too_large(metadata, turn.settings.offset_metadata_max_bytes))
        return ErrorCode::offset_metadata_too_large;
    std::visit([&](auto& kind) { kind.store_group(turn); }, find_or_add(request.group_id).kind);
    OffsetRow row;
    row.group_id = request.group_id;
    row.topic_id = topic.id;
    row.partition = partition.partition_index;
    row.offset = partition.committed_offset;
    row.leader_epoch = partition.committed_leader_epoch;
    row.metadata = metadata;
    row.commit_timestamp_ms = turn.now.ms;
    if (request.retention_time_ms >= 0)
        row.expire_timestamp_ms = time_after(turn.now.ms, request.retention_time_ms);
    write(turn, std::move(row));
    return ErrorCode::none;
}

void Groups::write(Turn& turn, OffsetRow row) {
    apply(row, turn.now);
    turn.effects.rows.emplace_back(std::move(row));
}

wire::offset_fetch::OffsetFetchResponseGroup
Groups::fetch_group(const TopicLookup& topics, int16_t version,
                    const wire::offset_fetch::OffsetFetchRequestGroup& request) const {
    static const Offsets none;
    wire::offset_fetch::OffsetFetchResponseGroup response;
    response.group_id = request.group_id;
    const Group* group = find(request.group_id);
    const Offsets& offsets = group ? group->offsets : none;
    if (const ConsumerGroup* consumer = group ? std::get_if<ConsumerGroup>(&group->kind) : nullptr)
        response.error_code = consumer->check_fetch(request.member_id, request.member_epoch);
    if (response.error_code != ErrorCode::none) return response;
    response.topics =
        request.topics ? some_shown(offsets, topics, version, *request.topics) : all_shown(offsets, topics);
    return response;
}

wire::offset_fetch::Response Groups::fetch_offsets(const TopicLookup& topics, int16_t version,
                                                   const wire::offset_fetch::Request& request) const {
    wire::offset_fetch::Response response;
    if (version >= 8) {
        std::set<wire::View> answered; // each once: a small request is not to make a large response
        for (const auto& group : request.groups)
            if (answered.insert(group.group_id).second)
                response.groups.push_back(fetch_group(topics, version, group));
        return response;
    }
    auto group = fetch_group(topics, version, {request.group_id, std::nullopt, -1, request.topics});
    response.topics = std::move(group.topics);
    response.error_code = group.error_code;
    return response;
}

void Groups::delete_offsets(Turn& turn, const Caller& caller, const wire::offset_delete::Request& request) {
    wire::offset_delete::Response response;
    const Group* group = find(request.group_id);
    if (!legal_group_id(request.group_id))
        response.error_code = ErrorCode::invalid_group_id;
    else if (!group)
        response.error_code = ErrorCode::group_id_not_found;
    else
        response.error_code =
            std::visit([](const auto& kind) { return kind.may_delete_offsets(); }, group->kind);
    if (response.error_code != ErrorCode::none) return turn.effects.reply(caller.ticket, std::move(response));
    for (const auto& asked : request.topics) {
        const auto topic = turn.topics.by_name(asked.name);
        const bool subscribed =
            topic && std::visit([&](const auto& kind) { return kind.subscribed_to(*topic, turn.topics); },
                                group->kind);
        auto& answered = response.topics.emplace_back();
        answered.name = asked.name;
        for (const auto& partition : asked.partitions) {
            const int32_t index = partition.partition_index;
            ErrorCode code = ErrorCode::none;
            if (!has_partition(topic, index))
                code = ErrorCode::unknown_topic_or_partition;
            else if (subscribed)
                code = ErrorCode::group_subscribed_to_topic;
            else if (group->offsets.find(topic->id, index))
                write(turn, removal(request.group_id, {topic->id, index}));
            answered.partitions.push_back({index, code});
        }
    }
    turn.effects.reply(caller.ticket, std::move(response));
}

bool Groups::go_on(Round& round, Turn& turn,
                   const std::function<void(const std::string& id, Group&)>& visit) {
    auto at = round.after ? groups_.upper_bound(*round.after) : groups_.begin();
    const size_t rows = turn.effects.rows.size();
    size_t offsets = 0;
    for (size_t count = 0; at != groups_.end() && count < groups_per_tick; count++) {
        if (offsets >= offsets_per_tick || turn.effects.rows.size() - rows >= rows_per_tick) break;
        offsets += at->second.offsets.all().size();
        const auto next = std::next(at); // the group may be removed
        round.after = at->first;
        visit(*round.after, at->second);
        at = next;
    }
    if (at != groups_.end()) return false;
    round = {};
    return true;
}

void Groups::topic_deleted(const wire::Uuid& topic_id, Time now) {
    (removal_.after ? deleted_meanwhile_ : deleted_topics_).insert(topic_id);
    removal_.due = now;
}

/// Nobody is shown offsets of a topic that is not there, so there is no hurry. One that SQL has renamed is there again.
void Groups::remove_offsets_of_deleted_topics(Turn& turn) {
    if (!removal_.due || *removal_.due > turn.now.time) return;
    std::erase_if(deleted_topics_, [&](const wire::Uuid& id) { return turn.topics.by_id(id).has_value(); });
    const auto is_there = [&](const wire::Uuid& id) { return !deleted_topics_.contains(id); };
    const bool done = go_on(removal_, turn, [&](const std::string& id, Group& group) {
        for (const Offsets::Key& key : group.offsets.of_missing_topics(is_there))
            write(turn, removal(id, key));
    });
    if (!done) return;
    deleted_topics_ = std::exchange(deleted_meanwhile_, {});
    if (!deleted_topics_.empty()) removal_.due = turn.now.time;
}

/// In rounds over all groups.
void Groups::expire_offsets(Turn& turn) {
    if (*expiry_.due > turn.now.time) return;
    const bool done = go_on(expiry_, turn, [&](const std::string& id, Group& group) {
        if (expire_offsets_of(turn, id, group)) remove(turn, id);
    });
    if (done) expiry_.due = turn.now.time + expiry_interval;
}

/// True if nothing is left of the group that anybody could miss. Offsets of topics that were deleted while the broker was away
/// go, too; not at once, for a restore brings offsets before topics.
bool Groups::expire_offsets_of(Turn& turn, const std::string& group_id, Group& group) {
    if (turn.has_pending_offsets(group_id)) return false;
    const std::vector<Offsets::Key> unused =
        std::visit([&](const auto& kind) { return unused_offsets(turn, kind, group.offsets); }, group.kind);
    const bool pending = std::visit([](const auto& kind) { return kind.has_pending(); }, group.kind);
    if (is_empty(group) && !pending && unused.size() == group.offsets.all().size()) return true;
    for (const Offsets::Key& key : unused) write(turn, removal(group_id, key));
    return false;
}

} // namespace kafka::group
