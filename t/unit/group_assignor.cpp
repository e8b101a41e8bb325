// The server-side assignors: all partitions of subscribed topics, each once; balance; as few moves as that takes.
#include "group/assignor.h"
#include "test.h"

#include <map>
#include <random>

using namespace kafka;
using group::Assignment;

namespace {

wire::Uuid topic_id(int number) {
    wire::Uuid id{};
    id[15] = uint8_t(number);
    return id;
}

struct Member {
    std::string id;
    std::vector<int> topics; ///< ascending
    std::optional<std::string> instance;
    Assignment target{};
};

/// A group to assign for; remembers what came of it.
struct Group {
    std::map<int, int32_t> topics; ///< partitions by number of the topic
    std::vector<Member> members;

    void assign(group::Assignor assignor = group::assign_uniform) {
        group::PartitionCounts counts;
        for (const auto& [topic, partitions] : topics) counts[topic_id(topic)] = partitions;
        std::vector<std::vector<wire::Uuid>> ids(members.size());
        std::vector<group::AssignorMember> specs;
        for (size_t m = 0; m < members.size(); m++) {
            for (const int t : members[m].topics)
                if (topics.contains(t)) ids[m].push_back(topic_id(t));
            const std::optional<std::string>& instance = members[m].instance;
            specs.push_back({&members[m].id, instance ? &*instance : nullptr, &ids[m], &members[m].target});
        }
        std::vector<Assignment> made = assignor(specs, counts);
        CHECK_EQ(made.size(), members.size());
        for (size_t m = 0; m < members.size(); m++) members[m].target = std::move(made[m]);
    }
    /// "A:1/0,1,2 2/0 B:..." : topic/partitions.
    std::string show() const {
        std::string all;
        for (const Member& m : members) {
            all += (all.empty() ? "" : " ") + m.id + ":";
            for (const group::TopicPartitions& t : m.target) {
                all += (all.back() == ':' ? "" : " ") + std::to_string(t.topic_id[15]) + "/";
                for (size_t i = 0; i < t.partitions.size(); i++)
                    all += (i ? "," : "") + std::to_string(t.partitions[i]);
            }
        }
        return all;
    }
    size_t load(size_t m) const {
        size_t sum = 0;
        for (const group::TopicPartitions& t : members[m].target) sum += t.partitions.size();
        return sum;
    }
    std::map<std::pair<int, int32_t>, std::string> owners() const {
        std::map<std::pair<int, int32_t>, std::string> all;
        for (const Member& m : members)
            for (const group::TopicPartitions& t : m.target)
                for (const int32_t p : t.partitions)
                    CHECK(all.emplace(std::pair(t.topic_id[15], p), m.id).second);
        return all;
    }
    bool subscribes(const Member& m, int topic) const {
        return std::binary_search(m.topics.begin(), m.topics.end(), topic);
    }
    /// Each partition that has subscribers has one owner, who is among them; lists are in order.
    void check_complete() const {
        const auto owner = owners();
        size_t expected = 0;
        for (const auto& [topic, partitions] : topics) {
            bool anybody = false;
            for (const Member& m : members) anybody |= subscribes(m, topic);
            if (anybody) expected += size_t(partitions);
        }
        CHECK_EQ(owner.size(), expected);
        for (const Member& m : members)
            for (const group::TopicPartitions& t : m.target) {
                CHECK(subscribes(m, t.topic_id[15]));
                CHECK(!t.partitions.empty());
                CHECK(std::is_sorted(t.partitions.begin(), t.partitions.end()));
                CHECK(t.partitions.back() < topics.at(t.topic_id[15]));
            }
    }
};

size_t moved(const Group& before, const Group& after) {
    size_t count = 0;
    const auto owner = after.owners();
    for (const auto& [partition, member] : before.owners()) {
        const auto now = owner.find(partition);
        count += now != owner.end() && now->second != member;
    }
    return count;
}

/// As few moves as even loads take, when everybody subscribes to everything: those of members who left, and what
/// goes beyond the quota, the larger quotas being with those who have most.
size_t fewest_moves(const Group& before, const Group& after) {
    std::vector<size_t> kept;
    size_t total = 0, still_there = 0, had = 0;
    for (const auto& [topic, partitions] : after.topics) total += size_t(partitions);
    for (const Member& m : after.members) {
        size_t count = 0;
        for (const Member& old : before.members)
            if (old.id == m.id)
                for (const group::TopicPartitions& t : old.target)
                    if (after.topics.contains(t.topic_id[15])) count += t.partitions.size();
        kept.push_back(count);
        had += count;
    }
    for (const auto& [partition, member] : before.owners())
        still_there += after.topics.contains(partition.first);
    std::sort(kept.rbegin(), kept.rend());
    size_t moves = still_there - had;
    for (size_t i = 0; i < kept.size(); i++) {
        const size_t quota = total / kept.size() + (i < total % kept.size());
        moves += kept[i] > quota ? kept[i] - quota : 0;
    }
    return moves;
}

} // namespace

TEST("assignors are found by name") {
    CHECK(group::find_assignor("uniform") == group::assign_uniform);
    CHECK(group::find_assignor("range") == group::assign_range);
    CHECK(group::find_assignor("Range") == nullptr);
    CHECK(group::find_assignor("") == nullptr);
}

TEST("assigning to nobody, and nothing, gives nothing") {
    for (const group::Assignor assignor : {group::assign_uniform, group::assign_range}) {
        Group g{{{1, 3}}, {}};
        g.assign(assignor);
        CHECK_EQ(g.show(), std::string());
        Group idle{{{1, 3}}, {{"A", {}, {}}, {"B", {9}, {}}}}; // topic 9 does not exist
        idle.assign(assignor);
        CHECK_EQ(idle.show(), std::string("A: B:"));
    }
}

TEST("uniform: the first member gets everything, the second takes half of it over") {
    Group g{{{1, 4}, {2, 2}}, {{"A", {1, 2}, {}}}};
    g.assign();
    CHECK_EQ(g.show(), std::string("A:1/0,1,2,3 2/0,1"));
    g.members.push_back({"B", {1, 2}, {}});
    g.assign();
    CHECK_EQ(g.show(), std::string("A:1/0,1,2 B:1/3 2/0,1"));
    g.members.erase(g.members.begin());
    g.assign();
    CHECK_EQ(g.show(), std::string("B:1/0,1,2,3 2/0,1"));
}

TEST("uniform: the odd partition stays with whoever has it") {
    Group g{{{1, 3}}, {{"A", {1}, {}, {{topic_id(1), {0}}}}, {"B", {1}, {}, {{topic_id(1), {1, 2}}}}}};
    g.assign();
    CHECK_EQ(g.show(), std::string("A:1/0 B:1/1,2"));
}

TEST("uniform: added partitions go to members with room, nothing else moves") {
    Group g{{{1, 4}}, {{"A", {1}, {}}, {"B", {1}, {}}}};
    g.assign();
    CHECK_EQ(g.show(), std::string("A:1/0,1 B:1/2,3"));
    g.topics[1] = 7;
    g.assign();
    CHECK_EQ(g.show(), std::string("A:1/0,1,4,5 B:1/2,3,6"));
}

TEST("uniform: a topic that is gone or no longer subscribed leaves the targets") {
    Group g{{{1, 2}, {2, 2}}, {{"A", {1, 2}, {}}, {"B", {1, 2}, {}}}};
    g.assign();
    g.topics.erase(1);
    g.assign();
    g.check_complete();
    CHECK_EQ(g.load(0), size_t(1));
    g.members[0].topics = g.members[1].topics = {};
    g.assign();
    CHECK_EQ(g.show(), std::string("A: B:"));
}

TEST("uniform: what two members were to have at once, or does not exist, is put right") {
    Group g{{{1, 2}}, {{"A", {1}, {}, {{topic_id(1), {-1, 0, 5}}}}, {"B", {1}, {}, {{topic_id(1), {0, 1}}}}}};
    g.assign();
    CHECK_EQ(g.show(), std::string("A:1/0 B:1/1"));
}

TEST("uniform: more members than partitions") {
    Group g{{{1, 2}}, {{"A", {1}, {}}, {"B", {1}, {}}, {"C", {1}, {}}}};
    g.assign();
    CHECK_EQ(g.show(), std::string("A:1/0 B:1/1 C:"));
    g.members.erase(g.members.begin());
    g.assign();
    CHECK_EQ(g.show(), std::string("B:1/1 C:1/0"));
}

TEST("uniform: with different subscriptions those with other topics take less of the shared one") {
    Group g{{{1, 4}, {2, 2}}, {{"A", {1, 2}, {}}, {"B", {1}, {}}}};
    g.assign();
    CHECK_EQ(g.show(), std::string("A:1/2 2/0,1 B:1/0,1,3"));
}

TEST("uniform: with different subscriptions a new subscriber takes over what evens out the loads") {
    Group g{{{1, 3}, {2, 6}}, {{"A", {1, 2}, {}}, {"B", {1}, {}}}};
    g.assign();
    CHECK_EQ(g.show(), std::string("A:2/0,1,2,3,4,5 B:1/0,1,2"));
    g.members.push_back({"C", {2}, {}});
    g.assign();
    g.check_complete();
    CHECK_EQ(g.show(), std::string("A:2/0,1,2 B:1/0,1,2 C:2/3,4,5"));
}

TEST("uniform: with different subscriptions an unsubscribed topic goes to its other subscribers") {
    Group g{{{1, 2}, {2, 2}}, {{"A", {1, 2}, {}}, {"B", {1, 2}, {}}}};
    g.assign();
    g.members[0].topics = {1};
    g.assign();
    g.check_complete();
    CHECK_EQ(g.load(0), size_t(2));
    CHECK_EQ(g.load(1), size_t(2));
}

TEST("uniform: whoever subscribes to everything evens out two groups of subscribers") {
    Group g{{{1, 10}, {2, 20}}, {{"A", {1}, {}}, {"B", {1, 2}, {}}, {"C", {2}, {}}}};
    g.assign();
    g.check_complete();
    CHECK_EQ(g.load(0), size_t(10));
    CHECK_EQ(g.load(1), size_t(10));
    CHECK_EQ(g.load(2), size_t(10));
}

TEST("uniform, equal subscriptions: even loads with the fewest moves, over random changes") {
    for (unsigned seed = 1; seed <= 20; seed++) {
        std::mt19937 random(seed);
        Group g;
        int next = 0;
        for (int step = 0; step < 100; step++) {
            const Group before = g;
            const unsigned what = random() % 5;
            if (what < 2)
                g.members.insert(g.members.begin() + long(random() % (g.members.size() + 1)),
                                 {"m" + std::to_string(next++), {}, {}});
            if (what == 2 && !g.members.empty())
                g.members.erase(g.members.begin() + long(random() % g.members.size()));
            if (what == 3) g.topics[int(random() % 6)] += int32_t(random() % 5);
            if (what == 4) g.topics.erase(int(random() % 6));
            for (Member& m : g.members) {
                m.topics.clear();
                for (const auto& [topic, partitions] : g.topics) m.topics.push_back(topic);
            }
            g.assign();
            if (g.members.empty()) continue;
            g.check_complete();
            size_t least = g.load(0), most = least;
            for (size_t m = 0; m < g.members.size(); m++) {
                least = std::min(least, g.load(m));
                most = std::max(most, g.load(m));
            }
            CHECK(most - least <= 1);
            CHECK_EQ(moved(before, g), fewest_moves(before, g));
        }
    }
}

TEST("uniform, different subscriptions: complete, no single move is left to gain by, and stable") {
    for (unsigned seed = 1; seed <= 20; seed++) {
        std::mt19937 random(seed);
        Group g;
        int next = 0;
        for (int step = 0; step < 100; step++) {
            const unsigned what = random() % 5;
            if (what < 2) g.members.push_back({"m" + std::to_string(next++), {}, {}});
            if (what == 2 && !g.members.empty())
                g.members.erase(g.members.begin() + long(random() % g.members.size()));
            if (what >= 3) g.topics[int(random() % 6)] += int32_t(random() % 5);
            if (!g.members.empty()) {
                Member& m = g.members[random() % g.members.size()];
                m.topics.clear();
                for (const auto& [topic, partitions] : g.topics)
                    if (random() % 2) m.topics.push_back(topic);
            }
            g.assign();
            g.check_complete();
            for (const auto& [partition, owner] : g.owners())
                for (size_t to = 0; to < g.members.size(); to++)
                    for (size_t from = 0; from < g.members.size(); from++)
                        if (g.members[from].id == owner && g.subscribes(g.members[to], partition.first))
                            CHECK(g.load(from) <= g.load(to) + 1);
            const Group before = g;
            g.assign();
            CHECK_EQ(moved(before, g), size_t(0));
        }
    }
}

TEST("uniform: a large group is assigned quickly, also with different subscriptions") {
    for (const bool different : {false, true}) {
        Group g;
        for (int t = 0; t < 200; t++) g.topics[t] = 100;
        for (int m = 0; m < 500; m++) {
            g.members.push_back({"m" + std::to_string(m), {}, {}});
            for (int t = 0; t < 200; t++)
                if (!different || (t + m) % 3) g.members.back().topics.push_back(t);
        }
        g.assign();
        g.check_complete();
        for (size_t m = 0; m < g.members.size(); m++) CHECK_EQ(g.load(m), size_t(40));
    }
}

TEST("range: each topic by itself in ranges, longer ones first") {
    Group g{{{1, 5}, {2, 3}, {3, 1}}, {{"C", {1, 2, 3}, {}}, {"A", {1, 2, 3}, {}}}};
    g.assign(group::assign_range);
    CHECK_EQ(g.show(), std::string("C:1/3,4 2/2 A:1/0,1,2 2/0,1 3/0"));
}

TEST("range: topics with equally many partitions are assigned alike") {
    Group g{{{1, 3}, {2, 3}}, {{"A", {1, 2}, {}}, {"B", {1, 2}, {}}}};
    g.assign(group::assign_range);
    CHECK_EQ(g.show(), std::string("A:1/0,1 2/0,1 B:1/2 2/2"));
}

TEST("range: static members come first and keep their place under another member id") {
    Group g{{{1, 4}}, {{"A", {1}, {}}, {"Z", {1}, "i2"}, {"Y", {1}, "i1"}}};
    g.assign(group::assign_range);
    CHECK_EQ(g.show(), std::string("A:1/3 Z:1/2 Y:1/0,1"));
    g.members[2].id = "AA";
    g.assign(group::assign_range);
    CHECK_EQ(g.show(), std::string("A:1/3 Z:1/2 AA:1/0,1"));
}

TEST("range: only subscribers share a topic") {
    Group g{{{1, 4}, {2, 4}}, {{"A", {1}, {}}, {"B", {1, 2}, {}}, {"C", {2}, {}}}};
    g.assign(group::assign_range);
    g.check_complete();
    CHECK_EQ(g.show(), std::string("A:1/0,1 B:1/2,3 2/0,1 C:2/2,3"));
}

TEST("range: more members than partitions") {
    Group g{{{1, 2}}, {{"A", {1}, {}}, {"B", {1}, {}}, {"C", {1}, {}}}};
    g.assign(group::assign_range);
    CHECK_EQ(g.show(), std::string("A:1/0 B:1/1 C:"));
}
