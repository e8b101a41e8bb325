// A consumer group with a fake clock and a small catalog, for tests. After each request the group is built anew from
// the rows that were stored, which has to give the same.
#pragma once
#include "group/consumer.h"
#include "test.h"

#include <memory>

namespace kafka::test_group {

using group::Assignment;
using group::ConsumerGroup;
using Response = ConsumerGroup::HeartbeatResponse;
using wire::ErrorCode;

inline wire::Uuid topic_id(int number) {
    wire::Uuid id{};
    id[0] = uint8_t(number);
    id[15] = uint8_t(number >> 8);
    return id;
}

/// Topics are named t1, t2, ... unless said otherwise; the number is the id.
struct Catalog {
    struct Topic {
        std::string name;
        int32_t partitions;
        uint64_t added = 0; ///< in which order
    };
    std::map<int, Topic> topics;
    uint64_t changes = 0;      ///< that groups know of
    uint64_t added = 0;        ///< topics until now
    mutable int looked_at = 0; ///< topics that were visited

    void add(int number, int32_t partitions, std::string name = "") {
        topics[number] = {name.empty() ? "t" + std::to_string(number) : name, partitions, ++added};
    }
    group::TopicInfo info(int number) const {
        return {topic_id(number), topics.at(number).name, topics.at(number).partitions};
    }
    group::TopicLookup lookup() const {
        group::TopicLookup lookup;
        lookup.by_name = [this](wire::View name) -> std::optional<group::TopicInfo> {
            for (const auto& [number, topic] : topics)
                if (topic.name == name) return info(number);
            return {};
        };
        lookup.by_id = [this](const wire::Uuid& id) -> std::optional<group::TopicInfo> {
            const int number = id[0] + (id[15] << 8);
            if (!topics.contains(number)) return {};
            return info(number);
        };
        lookup.each_newer = [this](uint64_t after,
                                   const std::function<void(const group::TopicInfo&)>& visit) {
            for (const auto& [number, topic] : topics) {
                if (topic.added <= after) continue;
                looked_at++;
                visit(info(number));
            }
            return added;
        };
        lookup.changes = changes;
        return lookup;
    }
};

/// "1/0,1 2/0": topic/partitions.
inline std::string show(const Assignment& all) {
    std::string text;
    for (const group::TopicPartitions& t : all) {
        text += (text.empty() ? "" : " ") + std::to_string(t.topic_id[0]) + "/";
        for (size_t i = 0; i < t.partitions.size(); i++)
            text += (i ? "," : "") + std::to_string(t.partitions[i]);
    }
    return text;
}

inline Assignment assignment_of(const Response& response) {
    Assignment all;
    for (const auto& t :
         response.assignment.value_or(wire::consumer_group_heartbeat::Assignment{}).topic_partitions)
        all.push_back({t.topic_id, t.partitions});
    return all;
}

inline ConsumerGroup::Request request(const std::string& member_id, int32_t epoch) {
    ConsumerGroup::Request r;
    r.group_id = "g";
    r.member_id = member_id;
    r.member_epoch = epoch;
    return r;
}

inline ConsumerGroup::Request join(const std::string& member_id, std::vector<std::string> topics) {
    ConsumerGroup::Request r = request(member_id, 0);
    r.rebalance_timeout_ms = 30'000;
    r.subscribed_topic_names = std::move(topics);
    r.topic_partitions.emplace();
    return r;
}

/// Says what it owns.
inline ConsumerGroup::Request owning(ConsumerGroup::Request r, const Assignment& owned) {
    r.topic_partitions.emplace();
    for (const group::TopicPartitions& t : owned) r.topic_partitions->push_back({t.topic_id, t.partitions});
    return r;
}

struct Fixture {
    Catalog catalog;
    group::Settings settings;
    std::function<bool(const std::string&)> has_pending_offsets = [](const std::string&) { return false; };
    group::Now now{group::Time{} + std::chrono::hours(1), 1'700'000'000'000};
    std::unique_ptr<ConsumerGroup> group = std::make_unique<ConsumerGroup>("g");
    std::vector<group::Row> rows; ///< of the last call
    group::GroupRow stored;
    std::map<std::string, group::MemberRow> stored_members;
    int ids = 0;

    Response send(const ConsumerGroup::Request& r, int16_t version = 1) {
        std::optional<Response> response;
        call([&](group::Turn& turn) {
            group->heartbeat(turn, {7, {"client", "/192.0.2.1"}, version}, r);
            CHECK_EQ(turn.effects.replies.size(), size_t(1));
            CHECK_EQ(turn.effects.replies[0].ticket, group::Ticket(7));
            response = std::get<Response>(turn.effects.replies[0].response);
        });
        return *response;
    }
    void pass(int ms) {
        now.time += std::chrono::milliseconds(ms);
        now.ms += ms;
        const std::optional<group::Time> next = group->next_deadline();
        call([&](group::Turn& turn) { group->tick(turn); });
        CHECK(rows.empty() || (next && *next <= now.time));
        if (const auto later = group->next_deadline()) CHECK(*later > now.time);
    }
    void topics_changed() { catalog.changes++; }
    /// Everything that is not stored is lost.
    void restart() {
        group = replayed();
        pass(0);
        CHECK(rows.empty());
    }

    std::unique_ptr<ConsumerGroup> replayed() const {
        auto again = std::make_unique<ConsumerGroup>("g");
        if (stored.epoch > 0) again->apply(stored);
        for (const auto& [id, row] : stored_members) again->apply(row, now);
        return again;
    }

    /// "A 3 1/0,1 -1/2; B ...": epoch, assigned, pending revocation.
    std::string members() const {
        std::string text;
        for (const group::MemberRow& row : group->member_rows()) {
            const auto& m = std::get<group::ConsumerMember>(row.state);
            text += (text.empty() ? "" : "; ") + row.member_id + " " + std::to_string(m.epoch);
            if (!m.assigned.empty()) text += " " + show(m.assigned);
            if (!m.pending_revocation.empty()) text += " -" + show(m.pending_revocation);
        }
        return text;
    }

private:
    template <class Call> void call(Call what) {
        group::Effects effects;
        const group::TopicLookup lookup = catalog.lookup();
        const std::function<std::string()> new_id = [&] { return "id" + std::to_string(++ids); };
        group::Turn turn{now, settings, lookup, new_id, has_pending_offsets, effects};
        what(turn);
        rows = effects.rows;
        for (const group::Row& row : rows) store(row);
        const auto again = replayed();
        CHECK(again->row() == group->row());
        CHECK(again->member_rows() == group->member_rows());
    }
    void store(const group::Row& row) {
        if (const auto* r = std::get_if<group::GroupRow>(&row)) {
            CHECK_EQ(r->group_id, std::string("g"));
            stored = *r;
        } else if (const auto* m = std::get_if<group::MemberRow>(&row)) {
            CHECK_EQ(m->group_id, std::string("g"));
            if (m->removed)
                stored_members.erase(m->member_id);
            else
                stored_members[m->member_id] = *m;
        }
    }
};

inline Fixture with_topic(int32_t partitions = 4) {
    Fixture f;
    f.catalog.add(1, partitions);
    return f;
}

inline Assignment parts(int topic, std::vector<int32_t> partitions) {
    return {{topic_id(topic), std::move(partitions)}};
}

/// "2 [1/0,1]": epoch and, if it says so, assignment; or the error.
inline std::string text(const Response& r) {
    if (r.error_code != ErrorCode::none) {
        CHECK(r.error_message && !r.error_message->empty());
        return wire::name(r.error_code);
    }
    return std::to_string(r.member_epoch) + (r.assignment ? " [" + show(assignment_of(r)) + "]" : "");
}

inline std::string send(Fixture& f, const ConsumerGroup::Request& r, int16_t version = 1) {
    return text(f.send(r, version));
}

} // namespace kafka::test_group
