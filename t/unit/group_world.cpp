#include "group_world.h"

namespace group_test {

void Tables::write(const Row& row) {
    if (const auto* group = std::get_if<GroupRow>(&row)) {
        if (!group->removed) {
            groups_[group->group_id] = *group;
            return;
        }
        const std::string id = group->group_id;
        groups_.erase(id);
        std::erase_if(members_, [&](const auto& entry) { return entry.first.first == id; });
        std::erase_if(offsets_, [&](const auto& entry) { return std::get<0>(entry.first) == id; });
    } else if (const auto* member = std::get_if<MemberRow>(&row)) {
        CHECK(groups_.contains(member->group_id));
        if (member->removed)
            members_.erase({member->group_id, member->member_id});
        else
            members_[{member->group_id, member->member_id}] = *member;
    } else if (const auto* offset = std::get_if<OffsetRow>(&row)) {
        CHECK(groups_.contains(offset->group_id));
        const auto key = std::make_tuple(offset->group_id, offset->topic_id, offset->partition);
        if (offset->removed)
            offsets_.erase(key);
        else
            offsets_[key] = *offset;
    }
}

std::vector<Row> Tables::rows() const {
    std::vector<Row> all;
    for (const auto& [key, row] : groups_) all.emplace_back(row);
    for (const auto& [key, row] : members_) all.emplace_back(row);
    for (const auto& [key, row] : offsets_) all.emplace_back(row);
    return all;
}

World::World() : groups(Time()), follower_(Time()) {
    now.ms = 1'700'000'000'000;
    topics["orders"].id[15] = 1;
    topics["events"].id[15] = 2;
}

/// A topic that is renamed, or made anew, comes again, as a newer one.
void World::number_topics() const {
    std::erase_if(added_, [this](const auto& entry) {
        const auto at = topics.find(entry.first.first);
        return at == topics.end() || at->second.id != entry.first.second;
    });
    for (const auto& [name, topic] : topics)
        if (added_.try_emplace({name, topic.id}, newest_ + 1).second) newest_++;
}

TopicLookup World::lookup() const {
    number_topics();
    TopicLookup lookup;
    lookup.by_name = [this](wire::View name) -> std::optional<TopicInfo> {
        const auto at = topics.find(std::string(name));
        if (at == topics.end()) return std::nullopt;
        return TopicInfo{at->second.id, at->first, at->second.partitions};
    };
    lookup.by_id = [this](const wire::Uuid& id) -> std::optional<TopicInfo> {
        for (const auto& [name, topic] : topics)
            if (topic.id == id) return TopicInfo{id, name, topic.partitions};
        return std::nullopt;
    };
    lookup.each_newer = [this](uint64_t after, const std::function<void(const TopicInfo&)>& visit) {
        for (const auto& [topic, number] : added_)
            if (number > after) visit({topic.second, topic.first, topics.at(topic.first).partitions});
        return newest_;
    };
    lookup.changes = topic_changes;
    return lookup;
}

void World::turn(const std::function<void(Turn&)>& body) {
    const TopicLookup topics = lookup();
    const std::function<std::string()> new_id = [this] { return "id" + std::to_string(++last_id_); };
    Effects effects;
    Turn turn{now, settings, topics, new_id, has_pending_offsets, effects};
    body(turn);
    for (const Row& row : effects.rows) {
        tables.write(row);
        follower_.apply(row, now);
    }
    for (Reply& reply : effects.replies) {
        CHECK(open.erase(reply.ticket)); // each is answered once
        replies[reply.ticket] = std::move(reply.response);
    }
}

Ticket World::ask(int16_t version, const std::function<void(Turn&, const Caller&)>& body,
                  const std::string& client) {
    const Ticket ticket = ++last_ticket_;
    open.insert(ticket);
    turn([&](Turn& turn) { body(turn, {ticket, {client, "/127.0.0.1"}, version}); });
    return ticket;
}

void World::tick() {
    turn([&](Turn& turn) { groups.tick(turn); });
}

void World::topics_deleted() {
    const TopicLookup known = lookup();
    for (const auto& [key, row] : tables.offsets_)
        if (!known.by_id(row.topic_id)) groups.topic_deleted(row.topic_id, now.time);
    pass(0);
}

void World::pass(int64_t ms) {
    const Time end = now.time + milliseconds(ms);
    const auto go_to = [&](Time time) {
        now.ms += std::chrono::duration_cast<milliseconds>(time - now.time).count();
        now.time = time;
    };
    for (int rounds = 0; rounds < 100'000; rounds++) {
        const Time next = groups.next_deadline();
        if (next > end) return go_to(end);
        go_to(std::max(next, now.time));
        tick(); // only when something is due, as the broker does
    }
    test::fail(__FILE__, __LINE__, "there is always something due");
}

void World::restart() {
    groups = Groups(now.time);
    follower_ = Groups(now.time);
    open.clear(); // the connections are gone
    for (const Row& row : tables.rows()) {
        groups.apply(row, now);
        follower_.apply(row, now);
    }
}

Ticket World::join(const Join& join) {
    wire::join_group::Request request;
    request.group_id = join.group;
    request.session_timeout_ms = join.session_ms;
    request.rebalance_timeout_ms = join.rebalance_ms;
    request.member_id = join.member;
    if (!join.instance.empty()) request.group_instance_id = join.instance;
    request.protocol_type = join.type;
    for (const auto& [name, metadata] : join.protocols) request.protocols.push_back({name, metadata});
    return ask(
        join.version, [&](Turn& turn, const Caller& caller) { groups.join(turn, caller, request); },
        join.client);
}

Ticket World::sync(const std::string& member, int32_t generation,
                   const std::vector<std::pair<std::string, std::string>>& assignments,
                   const std::string& group, const std::string& instance) {
    wire::sync_group::Request request;
    request.group_id = group;
    request.generation_id = generation;
    request.member_id = member;
    if (!instance.empty()) request.group_instance_id = instance;
    for (const auto& [id, assignment] : assignments) request.assignments.push_back({id, assignment});
    return ask(4, [&](Turn& turn, const Caller& caller) { groups.sync(turn, caller, request); });
}

ErrorCode World::heartbeat(const std::string& member, int32_t generation, const std::string& group,
                           const std::string& instance) {
    wire::heartbeat::Request request{group, generation, member, {}};
    if (!instance.empty()) request.group_instance_id = instance;
    const Ticket ticket =
        ask(4, [&](Turn& turn, const Caller& caller) { groups.heartbeat(turn, caller, request); });
    return answer<wire::heartbeat::Response>(ticket).error_code;
}

wire::leave_group::Response World::leave(const std::vector<wire::leave_group::MemberIdentity>& members,
                                         const std::string& group, int16_t version) {
    wire::leave_group::Request request;
    request.group_id = group;
    if (version < 3)
        request.member_id = members[0].member_id;
    else
        request.members = members;
    const Ticket ticket =
        ask(version, [&](Turn& turn, const Caller& caller) { groups.leave(turn, caller, request); });
    return answer<wire::leave_group::Response>(ticket);
}

wire::offset_commit::Response World::commit(const wire::offset_commit::Request& request, int16_t version) {
    const Ticket ticket =
        ask(version, [&](Turn& turn, const Caller& caller) { groups.commit_offsets(turn, caller, request); });
    return answer<wire::offset_commit::Response>(ticket);
}

ErrorCode World::commit(const std::string& topic, int32_t partition, int64_t offset,
                        const std::string& member, int32_t generation, const std::string& group,
                        int16_t version) {
    wire::offset_commit::Request request;
    request.group_id = group;
    request.member_id = member;
    request.generation_id_or_member_epoch = generation;
    request.topics.push_back({topic, {}, {{partition, offset, -1, ""}}});
    return commit(request, version).topics[0].partitions[0].error_code;
}

int64_t World::committed(const std::string& topic, int32_t partition, const std::string& group) {
    wire::offset_fetch::Request request;
    request.group_id = group;
    request.topics = {{topic, {}, {partition}}};
    return groups.fetch_offsets(lookup(), 7, request).topics[0].partitions[0].committed_offset;
}

Ticket World::join_with_id(Join join, std::string* id) {
    const Ticket first = this->join(join);
    CHECK_EQ(joined(first).error_code, ErrorCode::member_id_required);
    join.member = joined(first).member_id;
    if (id) *id = join.member;
    return this->join(join);
}

std::vector<std::string> World::stable_group(int members, const Join& join) {
    std::vector<Ticket> tickets;
    for (int i = 0; i < members; i++) tickets.push_back(join_with_id(join));
    pass(settings.group_initial_rebalance_delay_ms * 3);
    std::vector<std::string> ids;
    std::vector<std::pair<std::string, std::string>> assignments;
    for (const Ticket ticket : tickets) {
        ids.push_back(joined(ticket).member_id);
        assignments.emplace_back(ids.back(), "part of " + ids.back());
    }
    const int32_t generation = joined(tickets[0]).generation_id;
    for (size_t i = ids.size(); i-- > 0;) {
        const bool leads = i == 0;
        sync(ids[i], generation, leads ? assignments : std::vector<std::pair<std::string, std::string>>(),
             join.group);
    }
    CHECK_EQ(state(join.group), std::string("Stable"));
    return ids;
}

const ClassicGroup& World::classic(const std::string& group) const {
    return std::get<ClassicGroup>(groups.find(group)->kind);
}

std::string World::state(const std::string& group) const {
    const Group* found = groups.find(group);
    return found ? std::visit([](const auto& kind) { return kind.state_name(); }, found->kind) : "none";
}

namespace {

/// What groups say is stored of them.
Tables tables_of(const Groups& groups) {
    Tables said;
    for (const auto& [id, group] : groups.all()) {
        if (const auto* consumer = std::get_if<ConsumerGroup>(&group.kind)) {
            said.groups_[id] = consumer->row();
            for (const MemberRow& row : consumer->member_rows()) said.members_[{id, row.member_id}] = row;
        } else {
            const auto& kind = std::get<ClassicGroup>(group.kind);
            if (kind.stored_group()) said.groups_[id] = *kind.stored_group();
            for (const auto& [member_id, row] : kind.stored_members()) said.members_[{id, member_id}] = row;
        }
        for (const auto& [key, offset] : group.offsets.all()) {
            const OffsetRow row{id,
                                key.first,
                                key.second,
                                false,
                                offset.offset,
                                offset.leader_epoch,
                                offset.metadata,
                                offset.commit_timestamp_ms,
                                offset.expire_timestamp_ms};
            said.offsets_[{id, key.first, key.second}] = row;
        }
    }
    return said;
}

} // namespace

void World::check_stored() {
    CHECK(tables_of(groups).rows() == tables.rows());
    CHECK(tables_of(follower_).rows() == tables.rows());
    CHECK_EQ(follower_.all().size(), tables.groups_.size());
    for (const auto& [id, group] : follower_.all()) {
        const auto* classic = std::get_if<ClassicGroup>(&group.kind);
        if (!classic) continue;
        CHECK_EQ(classic->generation(), classic->stored_group()->epoch);
        CHECK_EQ(classic->empty(), classic->stored_members().empty());
        CHECK_EQ(classic->members().size(), classic->stored_members().size());
        for (const auto& [member_id, row] : classic->stored_members())
            CHECK(classic->members().find(member_id)->row == row);
    }
}

wire::offset_commit::Request commit_of(const std::string& topic, std::optional<std::string> metadata) {
    wire::offset_commit::Request request;
    request.group_id = "g";
    request.topics.push_back({topic, {}, {{0, 7, 3, std::move(metadata)}}});
    return request;
}

std::string subscription(const std::vector<std::string>& topics) {
    wire::Writer out;
    out.big(int16_t(0));
    out.big(int32_t(topics.size()));
    for (const std::string& topic : topics) {
        out.big(int16_t(topic.size()));
        out.raw(topic);
    }
    out.big(int32_t(-1));
    return out.out;
}

} // namespace group_test
