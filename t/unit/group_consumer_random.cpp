// A consumer group under random members: they join, leave, lag, die, come back, change their minds and lose answers,
// topics come and go, the broker restarts. At no moment two members believe that they own the same partition, and as
// soon as they are left in peace everything is owned. (That live state equals replayed state is checked by Fixture
// with each request.)
#include "group_consumer.h"

#include <algorithm>
#include <random>

using namespace kafka;
using namespace kafka::test_group;

namespace {

using Owner = std::map<group::TopicPartition, std::string, decltype([](const auto& a, const auto& b) {
                           return std::tie(a.topic_id, a.partition) < std::tie(b.topic_id, b.partition);
                       })>;

/// A consumer that keeps to the protocol.
struct Consumer {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::vector<std::string> topics;
    std::string regex;
    int32_t epoch = 0;
    Assignment owned{};    ///< what it believes to own
    Assignment assigned{}; ///< what it was last told
    std::optional<Assignment> reported{};
    bool tell_everything = true; ///< the last answer was lost, or there is news
    group::Time last_answer{};

    void start_again() {
        epoch = 0;
        owned = assigned = {};
        reported.reset();
        tell_everything = true;
    }
    void give_up() { owned = common(owned, assigned); }

    ConsumerGroup::Request next_request() {
        ConsumerGroup::Request r = request(member_id, epoch);
        r.instance_id = instance_id;
        if (tell_everything) {
            r.rebalance_timeout_ms = 30'000;
            r.subscribed_topic_names = topics;
            r.subscribed_topic_regex = regex;
        }
        if (tell_everything || reported != owned) r = owning(r, owned);
        reported = owned;
        return r;
    }

    void take(const Response& r, group::Time now) {
        if (r.error_code != ErrorCode::none) return start_again();
        tell_everything = false;
        last_answer = now;
        epoch = r.member_epoch;
        if (!r.assignment) return;
        assigned = assignment_of(r);
        owned = united(owned, assigned);
    }
};

struct World {
    Fixture f;
    std::mt19937 random;
    std::vector<Consumer> consumers;
    std::vector<std::string> asleep; ///< instance ids that left for a while, and may come back
    int names = 0;

    explicit World(unsigned seed) : random(seed) {
        for (int t = 1; t <= 3; t++) f.catalog.add(t, int32_t(1 + random() % 5));
    }
    unsigned below(size_t n) { return unsigned(random() % n); }
    Consumer& any() { return consumers[below(consumers.size())]; }

    void subscribe(Consumer& c) {
        c.topics.clear();
        c.regex.clear();
        if (below(4) == 0)
            c.regex = below(2) ? "t[0-9]*[02468]" : "t.*";
        else
            for (int t = 1; t <= 6; t++)
                if (below(3)) c.topics.push_back("t" + std::to_string(t));
        c.tell_everything = true;
    }
    void add() {
        Consumer c;
        c.member_id = "m" + std::to_string(names++);
        if (below(3) == 0) c.instance_id = "i" + std::to_string(names);
        if (!asleep.empty() && below(2)) {
            c.instance_id = asleep.back();
            asleep.pop_back();
        }
        subscribe(c);
        consumers.push_back(std::move(c));
    }
    void beat(Consumer& c, bool answer_arrives) {
        const Response r = f.send(c.next_request());
        if (answer_arrives)
            c.take(r, f.now.time);
        else
            c.tell_everything = true;
    }
    void end(size_t index) { consumers.erase(consumers.begin() + long(index)); }
    void leave(size_t index) {
        Consumer& c = consumers[index];
        if (c.epoch > 0) {
            const bool for_a_while = c.instance_id && below(2);
            auto r = request(c.member_id, for_a_while ? -2 : -1);
            r.instance_id = c.instance_id;
            if (f.send(r).error_code == ErrorCode::none && for_a_while) asleep.push_back(*c.instance_id);
        }
        end(index);
    }
    void change_topics() {
        const int number = int(1 + below(8));
        if (f.catalog.topics.contains(number) && below(3) == 0)
            f.catalog.topics.erase(number);
        else if (f.catalog.topics.contains(number))
            f.catalog.topics[number].partitions += int32_t(below(3));
        else
            f.catalog.add(number, int32_t(1 + below(5)), "t" + std::to_string(1 + (number - 1) % 6));
        std::set<std::string> seen; // names are unique
        for (auto t = f.catalog.topics.begin(); t != f.catalog.topics.end();)
            t = seen.insert(t->second.name).second ? std::next(t) : f.catalog.topics.erase(t);
        f.topics_changed();
    }
    void pass(int ms) {
        for (Consumer& c : consumers) // whoever has heard nothing for so long believes nothing any more
            if (c.epoch > 0 &&
                f.now.time + std::chrono::milliseconds(ms) >= c.last_answer + std::chrono::seconds(45))
                c.start_again();
        f.pass(ms);
    }

    void step() {
        const unsigned what = below(100);
        if (consumers.empty() || (what < 6 && consumers.size() < 10)) return add();
        if (what < 60) return beat(any(), true);
        if (what < 66) return beat(any(), false);
        if (what < 80) return any().give_up();
        if (what < 83) return leave(below(consumers.size()));
        if (what < 84) return end(below(consumers.size())); // without a word
        if (what < 86) return subscribe(any());
        if (what < 90) return change_topics();
        if (what < 91) return f.restart();
        pass(int(below(8'000)));
    }

    /// What members of the group believe. Others are on their way back to it with nothing.
    Owner beliefs() const {
        Owner owner;
        for (const Consumer& c : consumers) {
            if (!f.stored_members.contains(c.member_id)) continue;
            for (const group::TopicPartitions& t : c.owned)
                for (const int32_t p : t.partitions)
                    CHECK(owner.emplace(group::TopicPartition{t.topic_id, p}, c.member_id).second);
        }
        return owner;
    }
    void check_stored() const {
        Owner owner;
        for (const auto& [id, row] : f.stored_members) {
            const auto& m = std::get<group::ConsumerMember>(row.state);
            for (const Assignment* all : {&m.assigned, &m.pending_revocation})
                for (const group::TopicPartitions& t : *all)
                    for (const int32_t p : t.partitions)
                        CHECK(owner.emplace(group::TopicPartition{t.topic_id, p}, id).second);
        }
    }

    void come_to_rest() {
        for (int round = 0; round < 60; round++) {
            for (Consumer& c : consumers) {
                beat(c, true);
                c.give_up();
            }
            beliefs();
            pass(2'000);
        }
    }
    bool subscribes(const Consumer& c, const std::string& topic) const {
        std::string why;
        if (!c.regex.empty()) return group::TopicRegex::compile(c.regex, why)->matches(topic);
        return std::find(c.topics.begin(), c.topics.end(), topic) != c.topics.end();
    }
    void check_everything_owned() const {
        CHECK_EQ(std::string(f.group->state_name()), std::string(consumers.empty() ? "Empty" : "Stable"));
        CHECK_EQ(f.stored_members.size(), consumers.size());
        const Owner owner = beliefs();
        size_t expected = 0;
        for (const auto& [number, topic] : f.catalog.topics) {
            const bool wanted = std::any_of(consumers.begin(), consumers.end(),
                                            [&](const Consumer& c) { return subscribes(c, topic.name); });
            for (int32_t p = 0; wanted && p < topic.partitions; p++, expected++) {
                const auto found = owner.find({topic_id(number), p});
                CHECK(found != owner.end());
                if (found == owner.end()) continue;
                const auto c = std::find_if(consumers.begin(), consumers.end(),
                                            [&](const Consumer& x) { return x.member_id == found->second; });
                CHECK(subscribes(*c, topic.name));
            }
        }
        CHECK_EQ(owner.size(), expected);
    }
};

} // namespace

TEST("random members: no partition is owned twice, and all are when they come to rest") {
    for (unsigned seed = 1; seed <= 30; seed++) {
        World world(seed);
        for (int step = 0; step < 600; step++) {
            world.step();
            world.beliefs();
            world.check_stored();
            if (step % 200 < 199) continue;
            world.come_to_rest();
            world.check_everything_owned();
        }
    }
}

TEST("a large group comes to rest quickly") {
    World world(1);
    world.f.catalog.topics.clear();
    world.f.catalog.add(1, 500);
    for (int m = 0; m < 50; m++) {
        world.consumers.push_back({"m" + std::to_string(m), {}, {"t1"}, ""});
        world.beat(world.consumers.back(), true);
    }
    for (int round = 0; round < 4; round++)
        for (Consumer& c : world.consumers) {
            world.beat(c, true);
            c.give_up();
        }
    world.check_everything_owned();
    for (const Consumer& c : world.consumers) CHECK_EQ(c.owned[0].partitions.size(), size_t(10));
}
