// Groups of the consumer protocol: joining, leaving, epochs, how partitions change hands, and what is refused.
#include "group_consumer.h"

using namespace kafka;
using namespace kafka::test_group;

TEST("the first member makes the group and gets everything") {
    Fixture f = with_topic();
    const Response r = f.send(join("A", {"t1"}));
    CHECK_EQ(text(r), std::string("1 [1/0,1,2,3]"));
    CHECK_EQ(r.member_id.value_or(""), std::string("A"));
    CHECK_EQ(r.heartbeat_interval_ms, 5000);
    CHECK_EQ(f.rows.size(), size_t(2)); // the group's and the member's, each once
    CHECK_EQ(f.stored.epoch, 1);
    CHECK_EQ(f.stored.assignment_epoch, 1);
    CHECK(f.stored.type == group::GroupType::consumer);
    CHECK_EQ(f.stored.protocol_type, std::string("consumer"));
    CHECK_EQ(f.stored.state_timestamp_ms, f.now.ms);
    const group::MemberRow& row = f.stored_members.at("A");
    CHECK_EQ(row.client_id, std::string("client"));
    CHECK_EQ(row.client_host, std::string("/192.0.2.1"));
    CHECK_EQ(row.rebalance_timeout_ms, 30'000);
    CHECK_EQ(std::string(f.group->state_name()), std::string("Stable"));
}

TEST("a heartbeat without news changes and stores nothing") {
    Fixture f = with_topic();
    f.send(join("A", {"t1"}));
    CHECK_EQ(send(f, request("A", 1)), std::string("1"));
    CHECK(f.rows.empty());
    CHECK_EQ(send(f, owning(request("A", 1), parts(1, {0, 1, 2, 3}))), std::string("1"));
    CHECK(f.rows.empty());
}

TEST("a request that says everything is answered with the assignment") {
    Fixture f = with_topic();
    f.send(join("A", {"t1"}));
    ConsumerGroup::Request full = owning(join("A", {"t1"}), parts(1, {0, 1, 2, 3}));
    full.member_epoch = 1;
    CHECK_EQ(send(f, full), std::string("1 [1/0,1,2,3]"));
    CHECK(f.rows.empty());
    full.rebalance_timeout_ms = -1;
    CHECK_EQ(send(f, full), std::string("1"));
}

TEST("v0: the broker makes the member id") {
    Fixture f = with_topic();
    const Response r = f.send(join("", {"t1"}), 0);
    CHECK_EQ(r.member_id.value_or(""), std::string("id1"));
    CHECK_EQ(send(f, request("id1", 1), 0), std::string("1"));
    CHECK_EQ(send(f, join("own", {"t1"}), 0), std::string("2 []")); // and may be told one
}

TEST("a partition goes to its new owner once the old one has given it up") {
    Fixture f = with_topic();
    f.send(join("A", {"t1"}));
    CHECK_EQ(send(f, join("B", {"t1"})), std::string("2 []")); // nothing is free yet
    CHECK_EQ(std::string(f.group->state_name()), std::string("Reconciling"));
    CHECK_EQ(send(f, request("A", 1)), std::string("1 [1/0,1]"));
    CHECK_EQ(f.members(), std::string("A 1 1/0,1 -1/2,3; B 2"));
    CHECK_EQ(send(f, request("A", 1)), std::string("1")); // still giving up
    CHECK_EQ(send(f, owning(request("A", 1), parts(1, {0, 1, 3}))), std::string("1"));
    CHECK_EQ(send(f, request("B", 2)), std::string("2"));
    CHECK_EQ(send(f, owning(request("A", 1), parts(1, {0, 1}))), std::string("2"));
    CHECK_EQ(f.members(), std::string("A 2 1/0,1; B 2"));
    CHECK_EQ(send(f, request("B", 2)), std::string("2 [1/2,3]"));
    CHECK_EQ(std::string(f.group->state_name()), std::string("Stable"));
    CHECK_EQ(send(f, request("A", 2)), std::string("2"));
    CHECK(f.rows.empty());
}

TEST("who no longer owns what it is to give up moves on at once") {
    Fixture f = with_topic();
    f.send(join("A", {"t1"}));
    f.send(join("B", {"t1"}));
    CHECK_EQ(send(f, owning(request("A", 1), parts(1, {0}))), std::string("2 [1/0,1]"));
    CHECK_EQ(send(f, request("B", 2)), std::string("2 [1/2,3]"));
}

TEST("several owners of what a new member is to get: it gets each when it is free") {
    Fixture f = with_topic(6);
    f.send(join("A", {"t1"}));
    f.send(join("B", {"t1"}));
    f.send(owning(request("A", 1), {}));
    f.send(request("B", 2));
    CHECK_EQ(f.members(), std::string("A 2 1/0,1,2; B 2 1/3,4,5"));
    CHECK_EQ(send(f, join("C", {"t1"})), std::string("3 []"));
    CHECK_EQ(send(f, owning(request("B", 2), parts(1, {3, 4}))), std::string("3 [1/3,4]"));
    CHECK_EQ(send(f, request("C", 3)), std::string("3 [1/5]"));
    CHECK_EQ(send(f, owning(request("A", 2), parts(1, {0, 1}))), std::string("3 [1/0,1]"));
    CHECK_EQ(send(f, request("C", 3)), std::string("3 [1/2,5]"));
    CHECK_EQ(std::string(f.group->state_name()), std::string("Stable"));
}

TEST("a target that changes again while a member gives up is followed afterwards") {
    Fixture f = with_topic(6);
    f.send(join("A", {"t1"}));
    f.send(join("B", {"t1"}));
    CHECK_EQ(send(f, request("A", 1)), std::string("1 [1/0,1,2]"));
    f.send(join("C", {"t1"}));
    CHECK_EQ(send(f, request("A", 1)), std::string("1"));
    CHECK_EQ(send(f, owning(request("A", 1), parts(1, {0, 1, 2}))), std::string("1 [1/0,1]"));
    CHECK_EQ(send(f, owning(request("A", 1), parts(1, {0, 1}))), std::string("3"));
    f.send(request("B", 2));
    f.send(request("C", 3));
    CHECK_EQ(f.members(), std::string("A 3 1/0,1; B 3 1/3,4; C 3 1/2,5"));
}

TEST("leaving frees everything, and the others get it with their next heartbeat") {
    Fixture f = with_topic();
    f.send(join("A", {"t1"}));
    f.send(join("B", {"t1"}));
    f.send(owning(request("A", 1), {}));
    f.send(request("B", 2));
    const Response left = f.send(request("A", -1));
    CHECK_EQ(left.member_epoch, -1);
    CHECK_EQ(left.member_id.value_or(""), std::string("A"));
    CHECK(!left.assignment);
    CHECK_EQ(f.stored.epoch, 3);
    CHECK_EQ(std::string(f.group->state_name()), std::string("Assigning"));
    CHECK_EQ(send(f, request("B", 2)), std::string("3 [1/0,1,2,3]"));
    CHECK_EQ(std::string(f.group->state_name()), std::string("Stable"));
    f.now.ms += 5;
    f.send(request("B", -1));
    CHECK_EQ(std::string(f.group->state_name()), std::string("Empty"));
    CHECK_EQ(f.stored.epoch, 4);
    CHECK_EQ(f.stored.state_timestamp_ms, f.now.ms);
    CHECK(!f.group->next_deadline());
    CHECK_EQ(send(f, join("C", {"t1"})), std::string("5 [1/0,1,2,3]")); // epochs never fall
}

TEST("requests that lack something or contradict themselves are refused and change nothing") {
    Fixture f = with_topic();
    const std::string invalid = "INVALID_REQUEST";
    auto r = join("A", {"t1"});
    r.rebalance_timeout_ms = -1;
    CHECK_EQ(send(f, r), invalid);
    r = join("A", {"t1"});
    r.topic_partitions.reset();
    CHECK_EQ(send(f, r), invalid);
    CHECK_EQ(send(f, owning(join("A", {"t1"}), parts(1, {0}))), invalid);
    r = join("A", {"t1"});
    r.subscribed_topic_names.reset();
    CHECK_EQ(send(f, r), invalid);
    CHECK_EQ(send(f, join("", {"t1"})), invalid); // v1: the client makes the id
    CHECK_EQ(send(f, request("", 1), 0), invalid);
    CHECK_EQ(send(f, request("", -1), 0), invalid);
    CHECK_EQ(send(f, request("A", -3)), invalid);
    CHECK_EQ(send(f, request("A", -2)), invalid); // only with an instance id
    r = join("A", {"t1"});
    r.group_id = "";
    CHECK_EQ(send(f, r), invalid);
    r = join("A", {"t1"});
    r.instance_id = "";
    CHECK_EQ(send(f, r), invalid);
    r = join("A", {"t1"});
    r.rack_id = "";
    CHECK_EQ(send(f, r), invalid);
    r = join("A", {"t1"});
    r.server_assignor = "sticky";
    CHECK_EQ(send(f, r), std::string("UNSUPPORTED_ASSIGNOR"));
    CHECK(!f.group->exists());
    CHECK(f.group->empty());
    const Response refused = f.send(request("A", -3));
    CHECK(!refused.member_id);
    CHECK_EQ(refused.member_epoch, 0);
}

TEST("a group that is not there can only be joined") {
    const group::Settings settings;
    CHECK(!ConsumerGroup::refuse_unknown(join("A", {}), 1, settings));
    CHECK_EQ(text(*ConsumerGroup::refuse_unknown(request("A", 5), 1, settings)),
             std::string("GROUP_ID_NOT_FOUND"));
    CHECK_EQ(text(*ConsumerGroup::refuse_unknown(request("A", -1), 1, settings)),
             std::string("GROUP_ID_NOT_FOUND"));
    CHECK_EQ(text(*ConsumerGroup::refuse_unknown(request("", 0), 1, settings)),
             std::string("INVALID_REQUEST"));
}

TEST("member ids that the group does not know are refused") {
    Fixture f = with_topic();
    f.send(join("A", {"t1"}));
    CHECK_EQ(send(f, request("B", 1)), std::string("UNKNOWN_MEMBER_ID"));
    CHECK_EQ(send(f, request("B", -1)), std::string("UNKNOWN_MEMBER_ID"));
    f.send(request("A", -1));
    CHECK_EQ(send(f, request("A", 1)), std::string("UNKNOWN_MEMBER_ID"));
    CHECK_EQ(send(f, request("A", -1)), std::string("UNKNOWN_MEMBER_ID"));
}

TEST("epochs: only the current one, or the one before if the answer may have been lost") {
    Fixture f = with_topic();
    f.send(join("A", {"t1"}));
    f.send(join("B", {"t1"}));
    CHECK_EQ(send(f, request("A", 2)), std::string("FENCED_MEMBER_EPOCH"));
    f.send(owning(request("A", 1), {})); // 2, and the answer is lost
    CHECK_EQ(send(f, request("A", 1)), std::string("FENCED_MEMBER_EPOCH"));
    CHECK_EQ(send(f, owning(request("A", 1), parts(1, {2}))),
             std::string("FENCED_MEMBER_EPOCH")); // no longer its own
    CHECK_EQ(send(f, owning(request("A", 1), parts(2, {0}))), std::string("FENCED_MEMBER_EPOCH"));
    CHECK_EQ(send(f, owning(request("A", 1), parts(1, {1, 0}))), std::string("2"));
    CHECK_EQ(send(f, owning(request("A", 1), parts(1, {0, 0}))), std::string("2")); // lost again
    f.send(join("C", {"t1"}));
    f.send(owning(request("A", 2), {}));
    CHECK_EQ(send(f, owning(request("A", 1), {})), std::string("FENCED_MEMBER_EPOCH"));
    CHECK_EQ(send(f, owning(request("A", 2), {})).substr(0, 1), std::string("3"));
}

TEST("whoever joins again with its member id keeps its partitions") {
    Fixture f = with_topic();
    f.send(join("A", {"t1"}));
    CHECK_EQ(send(f, join("A", {"t1"})), std::string("1 [1/0,1,2,3]"));
    CHECK_EQ(f.stored.epoch, 1);
    f.send(join("B", {"t1"}));
    f.send(request("A", 1));                                        // has to give up two
    CHECK_EQ(send(f, join("A", {"t1"})), std::string("2 [1/0,1]")); // owns nothing now
    CHECK_EQ(send(f, request("B", 2)), std::string("2 [1/2,3]"));
}

TEST("a changed subscription makes a new epoch and new targets") {
    Fixture f = with_topic();
    f.catalog.add(2, 2);
    f.send(join("A", {"t1"}));
    auto r = request("A", 1);
    r.subscribed_topic_names = {"t2", "t1", "t2"};
    CHECK_EQ(send(f, r), std::string("2 [1/0,1,2,3 2/0,1]"));
    r = request("A", 2);
    r.subscribed_topic_names = {"t1", "t2"}; // the same
    CHECK_EQ(send(f, r), std::string("2"));
    CHECK(f.rows.empty());
    r.subscribed_topic_names = {"t2"};
    CHECK_EQ(send(f, r), std::string("2 [2/0,1]"));
    CHECK_EQ(send(f, owning(request("A", 2), parts(2, {0, 1}))), std::string("3"));
    CHECK_EQ(f.members(), std::string("A 3 2/0,1"));
    r = request("A", 3);
    r.subscribed_topic_names.emplace();
    f.send(r);
    CHECK_EQ(send(f, owning(request("A", 3), {})), std::string("4"));
    CHECK_EQ(f.members(), std::string("A 4"));
}

TEST("unsubscribing while giving up: the topic is to be given up, too") {
    Fixture f = with_topic();
    f.catalog.add(2, 2);
    f.send(join("A", {"t1", "t2"}));
    f.send(join("B", {"t1", "t2"}));
    CHECK_EQ(send(f, request("A", 1)), std::string("1 [1/0,1,2]"));
    auto r = request("A", 1);
    r.subscribed_topic_names = {"t2"};
    CHECK_EQ(send(f, r), std::string("1 []"));
    CHECK_EQ(f.members(), std::string("A 1 -1/0,1,2,3 2/0,1; B 2"));
    CHECK_EQ(send(f, owning(request("A", 1), parts(2, {1}))), std::string("1"));
    CHECK_EQ(send(f, owning(request("A", 1), {})), std::string("3 [2/0,1]"));
    CHECK_EQ(send(f, request("B", 2)), std::string("3 [1/0,1,2,3]"));
}

TEST("a member without topics belongs to the group and has nothing") {
    Fixture f = with_topic();
    CHECK_EQ(send(f, join("A", {})), std::string("1 []"));
    CHECK_EQ(send(f, join("B", {"none"})), std::string("2 []"));
    CHECK_EQ(send(f, request("A", 1)), std::string("2"));
    CHECK_EQ(std::string(f.group->state_name()), std::string("Stable"));
    f.catalog.add(9, 1, "none");
    f.topics_changed();
    CHECK_EQ(send(f, request("B", 2)), std::string("3 [9/0]"));
}

TEST("the group has its largest size") {
    Fixture f = with_topic();
    f.settings.group_consumer_max_size = 1;
    f.send(join("A", {"t1"}));
    CHECK_EQ(send(f, join("B", {"t1"})), std::string("GROUP_MAX_SIZE_REACHED"));
    CHECK_EQ(send(f, request("A", 1)), std::string("1"));
    CHECK_EQ(send(f, join("A", {"t1"})), std::string("1 [1/0,1,2,3]"));
    CHECK_EQ(send(f, request("B", 1)), std::string("GROUP_MAX_SIZE_REACHED")); // as in Kafka
    f.send(request("A", -1));
    CHECK_EQ(send(f, join("B", {"t1"})), std::string("3 [1/0,1,2,3]"));
}

TEST("the assignor that most members wish for makes the targets") {
    Fixture f = with_topic(3);
    f.catalog.add(2, 3);
    auto a = join("A", {"t1", "t2"}), b = join("B", {"t1", "t2"});
    a.server_assignor = b.server_assignor = "range";
    f.send(a);
    f.send(b);
    f.send(owning(request("A", 1), {}));
    f.send(request("B", 2));
    CHECK_EQ(f.members(), std::string("A 2 1/0,1 2/0,1; B 2 1/2 2/2"));
    const auto lookup = f.catalog.lookup();
    CHECK_EQ(f.group->describe(lookup, f.settings).assignor_name, std::string("range"));
    auto c = join("C", {"t1", "t2"});
    c.server_assignor = "uniform";
    f.send(c);
    CHECK_EQ(f.group->describe(lookup, f.settings).assignor_name, std::string("range"));
    f.send(request("A", -1));
    CHECK_EQ(f.group->describe(lookup, f.settings).assignor_name, std::string("uniform")); // offered first
    f.settings.group_consumer_assignors = {"range"};
    CHECK_EQ(f.group->describe(lookup, f.settings).assignor_name, std::string("range"));
    CHECK_EQ(send(f, c), std::string("UNSUPPORTED_ASSIGNOR"));
    CHECK_EQ(send(f, request("C", 3)).substr(0, 1), std::string("4"));
}
