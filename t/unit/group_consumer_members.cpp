// Groups of the consumer protocol: static members, topics that change, regular expressions, who may commit offsets,
// and what describe shows.
#include "group_consumer.h"

#include <random>

using namespace kafka;
using namespace kafka::test_group;

namespace {

ConsumerGroup::Request as(ConsumerGroup::Request r, const std::string& instance) {
    r.instance_id = instance;
    return r;
}

ConsumerGroup::Request join_regex(const std::string& member_id, const std::string& regex) {
    ConsumerGroup::Request r = join(member_id, {});
    r.subscribed_topic_names.reset();
    r.subscribed_topic_regex = regex;
    return r;
}

} // namespace

TEST("a static member that left for a while comes back to its partitions, under a new member id") {
    Fixture f = with_topic();
    f.send(as(join("A", {"t1"}), "i"));
    f.send(join("B", {"t1"}));
    f.send(owning(request("A", 1), {}));
    f.send(request("B", 2));
    const Response left = f.send(as(request("A", -2), "i"));
    CHECK_EQ(left.member_epoch, -2);
    CHECK_EQ(left.member_id.value_or(""), std::string("A"));
    CHECK_EQ(f.stored.epoch, 2); // nobody else gets anything
    CHECK_EQ(send(f, request("B", 2)), std::string("2"));
    CHECK_EQ(f.members(), std::string("A -2 1/0,1; B 2 1/2,3"));
    CHECK_EQ(send(f, as(join("A2", {"t1"}), "i")), std::string("2 [1/0,1]"));
    CHECK_EQ(f.stored.epoch, 2);
    CHECK_EQ(f.members(), std::string("A2 2 1/0,1; B 2 1/2,3"));
    CHECK_EQ(send(f, as(request("A", 2), "i")), std::string("FENCED_INSTANCE_ID"));
    CHECK_EQ(send(f, as(request("A2", 2), "i")), std::string("2"));
}

TEST("a static member that comes back with another subscription makes a new epoch") {
    Fixture f = with_topic();
    f.catalog.add(2, 1);
    f.send(as(join("A", {"t1"}), "i"));
    f.send(as(request("A", -2), "i"));
    CHECK_EQ(send(f, as(join("A2", {"t2"}), "i")), std::string("2 [2/0]"));
    CHECK_EQ(f.stored.epoch, 2);
}

TEST("the same member id may come back, too") {
    Fixture f = with_topic();
    f.send(as(join("A", {"t1"}), "i"));
    f.send(as(request("A", -2), "i"));
    CHECK_EQ(send(f, as(request("A", 1), "i")), std::string("FENCED_MEMBER_EPOCH"));
    CHECK_EQ(send(f, as(join("A", {"t1"}), "i")), std::string("1 [1/0,1,2,3]"));
    CHECK_EQ(f.members(), std::string("A 1 1/0,1,2,3"));
}

TEST("an instance id in use is not given to another member") {
    Fixture f = with_topic();
    f.send(as(join("A", {"t1"}), "i"));
    CHECK_EQ(send(f, as(join("B", {"t1"}), "i")), std::string("UNRELEASED_INSTANCE_ID"));
    CHECK_EQ(send(f, as(join("A", {"t1"}), "i")), std::string("UNRELEASED_INSTANCE_ID"));
    CHECK_EQ(send(f, as(request("B", 1), "i")), std::string("FENCED_INSTANCE_ID"));
    CHECK_EQ(send(f, as(request("B", -1), "i")), std::string("FENCED_INSTANCE_ID"));
    CHECK_EQ(send(f, as(request("B", -2), "i")), std::string("FENCED_INSTANCE_ID"));
    CHECK_EQ(send(f, as(request("A", 1), "j")), std::string("UNKNOWN_MEMBER_ID"));
    CHECK_EQ(send(f, as(request("A", -2), "j")), std::string("UNKNOWN_MEMBER_ID"));
    CHECK_EQ(send(f, as(request("A", 7), "i")), std::string("FENCED_MEMBER_EPOCH"));
    CHECK_EQ(send(f, as(request("A", 1), "i")), std::string("1"));
}

TEST("a static member that does not come back loses its place with its session") {
    Fixture f = with_topic();
    f.send(as(join("A", {"t1"}), "i"));
    f.send(join("B", {"t1"}));
    f.pass(40'000);
    f.send(as(request("A", -2), "i"));
    f.send(request("B", 2));
    f.pass(5'000);
    CHECK_EQ(f.members(), std::string("B 2"));
    CHECK_EQ(send(f, request("B", 2)), std::string("3 [1/0,1,2,3]"));
    CHECK_EQ(send(f, as(join("C", {"t1"}), "i")), std::string("4 []"));
}

TEST("a static member that leaves for good is gone at once") {
    Fixture f = with_topic();
    f.send(as(join("A", {"t1"}), "i"));
    CHECK_EQ(send(f, as(request("A", -1), "i")), std::string("-1"));
    CHECK(f.group->empty());
    CHECK_EQ(send(f, as(join("B", {"t1"}), "i")), std::string("3 [1/0,1,2,3]"));
}

TEST("who leaves for a while has given up what it was to give up") {
    Fixture f = with_topic();
    f.send(as(join("A", {"t1"}), "i"));
    f.send(join("B", {"t1"}));
    CHECK_EQ(send(f, as(request("A", 1), "i")), std::string("1 [1/0,1]"));
    f.send(as(request("A", -2), "i"));
    CHECK_EQ(send(f, request("B", 2)), std::string("2 [1/2,3]"));
    f.pass(30'000); // no rebalance timeout any more
    CHECK_EQ(f.members(), std::string("A -2 1/0,1; B 2 1/2,3"));
}

TEST("a static member comes back also to a full group") {
    Fixture f = with_topic();
    f.settings.group_consumer_max_size = 1;
    f.send(as(join("A", {"t1"}), "i"));
    f.send(as(request("A", -2), "i"));
    CHECK_EQ(send(f, as(join("A2", {"t1"}), "i")), std::string("1 [1/0,1,2,3]"));
    CHECK_EQ(send(f, as(join("B", {"t1"}), "j")), std::string("GROUP_MAX_SIZE_REACHED"));
}

TEST("a member that takes another instance id gives the first one free") {
    Fixture f = with_topic();
    f.send(as(join("A", {"t1"}), "i"));
    CHECK_EQ(send(f, as(join("A", {"t1"}), "j")), std::string("1 [1/0,1,2,3]"));
    CHECK_EQ(send(f, as(join("B", {"t1"}), "i")), std::string("2 []"));
    CHECK_EQ(send(f, as(join("C", {"t1"}), "j")), std::string("UNRELEASED_INSTANCE_ID"));
}

TEST("static members are found again after a restart") {
    Fixture f = with_topic();
    f.send(as(join("A", {"t1"}), "i"));
    f.send(as(request("A", -2), "i"));
    f.restart();
    CHECK_EQ(send(f, as(join("A2", {"t1"}), "i")), std::string("1 [1/0,1,2,3]"));
    f.restart();
    CHECK_EQ(send(f, as(request("A", 1), "i")), std::string("FENCED_INSTANCE_ID"));
}

TEST("partitions that are added are assigned with the next heartbeat") {
    Fixture f = with_topic(2);
    f.send(join("A", {"t1"}));
    f.catalog.topics[1].partitions = 3;
    CHECK_EQ(send(f, request("A", 1)), std::string("1")); // has not heard of it
    f.topics_changed();
    CHECK_EQ(send(f, request("A", 1)), std::string("2 [1/0,1,2]"));
    f.topics_changed();
    CHECK_EQ(send(f, request("A", 2)), std::string("2"));
    CHECK(f.rows.empty());
}

TEST("a change of topics that nobody subscribes to changes nothing") {
    Fixture f = with_topic();
    f.send(join("A", {"t1"}));
    f.catalog.add(2, 5);
    f.topics_changed();
    CHECK_EQ(send(f, request("A", 1)), std::string("1"));
    CHECK(f.rows.empty());
}

TEST("a topic that is deleted is given up; under the same name a new one is another topic") {
    Fixture f = with_topic(2);
    f.send(join("A", {"t1"}));
    f.catalog.topics.erase(1);
    f.topics_changed();
    CHECK_EQ(send(f, request("A", 1)), std::string("1 []"));
    CHECK_EQ(f.members(), std::string("A 1 -1/0,1"));
    f.catalog.add(5, 2, "t1");
    f.topics_changed();
    CHECK_EQ(send(f, owning(request("A", 1), {})), std::string("3 [5/0,1]"));
}

TEST("topics that changed while the broker was away are noticed") {
    Fixture f = with_topic(2);
    f.send(join("A", {"t1"}));
    f.catalog.topics[1].partitions = 4;
    f.restart();
    CHECK_EQ(send(f, request("A", 1)), std::string("2 [1/0,1,2,3]"));
}

TEST("a regular expression subscribes to all topics that it matches as a whole, also to later ones") {
    Fixture f;
    f.catalog.add(1, 1, "orders.eu");
    f.catalog.add(2, 1, "orders.us");
    f.catalog.add(3, 1, "my.orders.us");
    CHECK_EQ(send(f, join_regex("A", "orders\\..*")), std::string("1 [1/0 2/0]"));
    CHECK_EQ(f.catalog.looked_at, 3);
    CHECK_EQ(send(f, request("A", 1)), std::string("1"));
    CHECK_EQ(f.catalog.looked_at, 3); // not with every heartbeat
    f.catalog.add(4, 1, "orders.asia");
    f.topics_changed();
    CHECK_EQ(send(f, request("A", 1)), std::string("2 [1/0 2/0 4/0]"));
    CHECK_EQ(f.catalog.looked_at, 4); // at the new one alone
    const auto lookup = f.catalog.lookup();
    CHECK(f.group->subscribed_to(f.catalog.info(4), lookup));
    CHECK(!f.group->subscribed_to(f.catalog.info(3), lookup));
}

TEST("a topic that is renamed, or deleted, is matched no longer") {
    Fixture f;
    f.catalog.add(1, 1, "orders.eu");
    f.catalog.add(2, 1, "orders.us");
    f.catalog.add(3, 1, "events");
    CHECK_EQ(send(f, join_regex("A", "orders\\..*")), std::string("1 [1/0 2/0]"));
    f.catalog.add(1, 1, "former.orders");
    f.catalog.topics.erase(2);
    f.catalog.add(3, 1, "orders.events");
    f.topics_changed();
    f.send(request("A", 1));
    CHECK_EQ(send(f, owning(request("A", 1), {})), std::string("2 [3/0]"));
}

TEST("names and a regular expression add up; an empty expression is none") {
    Fixture f;
    f.catalog.add(1, 1, "a");
    f.catalog.add(2, 1, "b");
    auto r = join_regex("A", "b|c");
    r.subscribed_topic_names = {"a", "b"};
    CHECK_EQ(send(f, r), std::string("1 [1/0 2/0]"));
    r = request("A", 1);
    r.subscribed_topic_regex = "";
    r.topic_partitions.emplace();
    CHECK_EQ(send(f, r), std::string("2"));
    r = request("A", 2);
    r.subscribed_topic_names = {"a"};
    r.topic_partitions.emplace();
    CHECK_EQ(send(f, r), std::string("3 [1/0]"));
    CHECK_EQ(send(f, join_regex("B", "")), std::string("3 []")); // subscribes to nothing new
}

TEST("a regular expression that is not legal is refused, and nothing changes") {
    Fixture f = with_topic();
    CHECK_EQ(send(f, join_regex("A", "(")), std::string("INVALID_REGULAR_EXPRESSION"));
    CHECK(!f.group->exists());
    f.send(join("A", {"t1"}));
    auto r = request("A", 1);
    r.subscribed_topic_regex = "a(?=b)";
    CHECK_EQ(send(f, r), std::string("INVALID_REGULAR_EXPRESSION"));
    CHECK(f.rows.empty());
    CHECK_EQ(send(f, request("A", 1)), std::string("1"));
}

namespace {

const std::string slow = ".*[a-m].{90}|(.?){1000}(.?){900}"; ///< over the topics of add_long_names()

void add_long_names(Fixture& f) {
    std::mt19937 random(1);
    for (int number = 2; number < 2'000; number++) {
        std::string name(100, ' ');
        for (char& c : name) c = char('a' + random() % 26);
        f.catalog.add(number, 1, name);
    }
    f.topics_changed();
}

} // namespace

TEST("a regular expression that takes too long over the topics is refused, and nothing changes") {
    Fixture f = with_topic();
    add_long_names(f);
    CHECK_EQ(send(f, join_regex("A", slow)), std::string("INVALID_REGULAR_EXPRESSION"));
    CHECK(!f.group->exists());
    CHECK_EQ(send(f, join("A", {"t1"})), std::string("1 [1/0,1,2,3]"));
    auto r = request("A", 1);
    r.subscribed_topic_regex = slow;
    CHECK_EQ(send(f, r), std::string("INVALID_REGULAR_EXPRESSION"));
    CHECK(f.rows.empty());
    CHECK_EQ(send(f, request("A", 1)), std::string("1"));
}

TEST("a regular expression that begins to take too long is refused from then on") {
    Fixture f = with_topic();
    CHECK_EQ(send(f, join_regex("A", slow)), std::string("1 [1/0,1,2,3]"));
    CHECK_EQ(send(f, request("A", 1)), std::string("1"));
    add_long_names(f);
    CHECK_EQ(send(f, request("A", 1)), std::string("INVALID_REGULAR_EXPRESSION"));
    CHECK_EQ(send(f, request("A", 1)), std::string("INVALID_REGULAR_EXPRESSION"));
    CHECK_EQ(send(f, join("B", {"t1"})).substr(0, 2), std::string("2 "));
    auto r = request("A", 1);
    r.subscribed_topic_regex = "t1";
    CHECK_EQ(send(f, r), std::string("1 [1/2,3]")); // the others go to B
}

TEST("whether an expression takes too long is found out once after a restart") {
    Fixture f = with_topic();
    f.send(join_regex("A", slow));
    add_long_names(f);
    f.restart();
    CHECK_EQ(send(f, request("A", 1)), std::string("INVALID_REGULAR_EXPRESSION"));
    const int looked_at = f.catalog.looked_at;
    CHECK_EQ(send(f, request("A", 1)), std::string("INVALID_REGULAR_EXPRESSION"));
    CHECK_EQ(f.catalog.looked_at, looked_at);
}

TEST("the members of a group subscribe by a hundred regular expressions at most") {
    Fixture f = with_topic();
    for (int i = 0; i < 100; i++)
        CHECK(send(f, join_regex("M" + std::to_string(i), "t" + std::to_string(i)))
                  .starts_with(std::to_string(i + 1) + " ["));
    CHECK_EQ(send(f, join_regex("N", "other")), std::string("INVALID_REGULAR_EXPRESSION"));
    CHECK(f.rows.empty());
    CHECK_EQ(send(f, join_regex("N", "t7")), std::string("101 []"));               // as another member does
    CHECK_EQ(send(f, join_regex("M8", "other")).substr(0, 3), std::string("102")); // in place of its own
    CHECK_EQ(send(f, join_regex("P", "t8")), std::string("INVALID_REGULAR_EXPRESSION"));
    f.send(request("M9", -1));
    CHECK_EQ(send(f, join_regex("P", "t8")), std::string("104 []"));
}

TEST("what expressions match is forgotten with the last member") {
    Fixture f;
    f.catalog.add(1, 1, "orders");
    CHECK_EQ(send(f, join_regex("A", "orders")), std::string("1 [1/0]"));
    f.send(request("A", -1));
    CHECK_EQ(f.catalog.looked_at, 1);
    CHECK_EQ(send(f, join_regex("A", "orders")), std::string("3 [1/0]"));
    CHECK_EQ(f.catalog.looked_at, 2);
}

TEST("who may commit and fetch offsets") {
    Fixture f = with_topic();
    const std::optional<std::string> none;
    CHECK(f.group->check_commit("", -1, 9) == ErrorCode::none); // a tool, the group being empty
    f.send(as(join("A", {"t1"}), "i"));
    f.send(join("B", {"t1"}));
    CHECK(f.group->check_commit("B", 2, 9) == ErrorCode::none);
    CHECK(f.group->check_commit("B", 1, 9) == ErrorCode::stale_member_epoch);
    CHECK(f.group->check_commit("B", 3, 9) == ErrorCode::stale_member_epoch);
    CHECK(f.group->check_commit("B", 2, 8) == ErrorCode::unsupported_version);
    CHECK(f.group->check_commit("C", 2, 9) == ErrorCode::unknown_member_id);
    CHECK(f.group->check_commit("", -1, 9) == ErrorCode::unknown_member_id);
    CHECK(f.group->check_fetch("B", 2) == ErrorCode::none);
    CHECK(f.group->check_fetch("B", 1) == ErrorCode::stale_member_epoch);
    CHECK(f.group->check_fetch("C", 1) == ErrorCode::unknown_member_id);
    CHECK(f.group->check_fetch(none, 1) == ErrorCode::unknown_member_id);
    CHECK(f.group->check_fetch(none, -1) == ErrorCode::none);
}

TEST("describe shows members, what they have and what they are to have") {
    Fixture f = with_topic(2);
    auto a = as(join("A", {"t1"}), "i");
    a.rack_id = "r";
    f.send(a);
    f.send(join_regex("B", "t."));
    f.catalog.add(2, 1);
    auto d = f.group->describe(f.catalog.lookup(), f.settings);
    CHECK_EQ(d.group_id, std::string("g"));
    CHECK_EQ(d.group_state, std::string("Reconciling"));
    CHECK_EQ(d.group_epoch, 2);
    CHECK_EQ(d.assignment_epoch, 2);
    CHECK_EQ(d.assignor_name, std::string("uniform"));
    CHECK_EQ(d.members.size(), size_t(2));
    const auto& shown = d.members[0];
    CHECK_EQ(shown.member_id, std::string("A"));
    CHECK_EQ(shown.instance_id.value_or(""), std::string("i"));
    CHECK_EQ(shown.rack_id.value_or(""), std::string("r"));
    CHECK_EQ(shown.member_epoch, 1);
    CHECK_EQ(shown.client_id, std::string("client"));
    CHECK_EQ(shown.client_host, std::string("/192.0.2.1"));
    CHECK(shown.subscribed_topic_names == std::vector<std::string>{"t1"});
    CHECK_EQ(shown.subscribed_topic_regex.value_or("none"), std::string()); // as Kafka shows it
    CHECK_EQ(shown.assignment.topic_partitions.size(), size_t(1));
    CHECK_EQ(shown.assignment.topic_partitions[0].topic_name, std::string("t1"));
    CHECK(shown.assignment.topic_partitions[0].partitions == (std::vector<int32_t>{0, 1}));
    CHECK(shown.target_assignment.topic_partitions[0].partitions == (std::vector<int32_t>{0}));
    CHECK_EQ(int(shown.member_type), 1);
    CHECK_EQ(d.members[1].subscribed_topic_regex.value_or(""), std::string("t."));
    CHECK(d.members[1].assignment.topic_partitions.empty());
    f.catalog.topics.clear(); // topics that are gone have no name to show
    CHECK(f.group->describe(f.catalog.lookup(), f.settings).members[0].assignment.topic_partitions.empty());
}

TEST("rows that contradict each other are taken as they are") {
    Fixture f = with_topic();
    f.send(join("A", {"t1"}));
    f.send(join("B", {"t1"}));
    group::MemberRow row = f.stored_members.at("B");
    auto& b = std::get<group::ConsumerMember>(row.state);
    b.assigned = {{topic_id(1), {0, 1, 2, 3, 2'000'000'000}}, {topic_id(8), {-5}}};
    f.stored_members["B"] = row;
    f.restart();
    f.send(owning(request("A", 1), {}));
    f.send(owning(request("B", 2), {}));
    f.send(owning(request("A", 2), {}));
    CHECK_EQ(f.members(), std::string("A 2 1/0,1; B 2 1/2,3"));
}
