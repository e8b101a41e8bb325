// Groups of the consumer protocol: what time does to members, and what a restart leaves of it.
#include "group_consumer.h"

#include <limits>

using namespace kafka;
using namespace kafka::test_group;

namespace {

/// B has joined a group of A alone, and A has been told which partitions it is to give up for that.
Fixture asked_to_give_up() {
    Fixture f = with_topic();
    f.send(join("A", {"t1"}));
    f.send(join("B", {"t1"}));
    f.send(request("A", 1));
    return f;
}

} // namespace

TEST("a session that ends takes the member away") {
    Fixture f = with_topic();
    f.send(join("A", {"t1"}));
    f.send(join("B", {"t1"}));
    f.pass(44'999);
    CHECK(f.rows.empty());
    f.send(request("B", 2));
    f.pass(1);
    CHECK_EQ(f.members(), std::string("B 2"));
    CHECK_EQ(send(f, request("A", 1)), std::string("UNKNOWN_MEMBER_ID"));
    CHECK_EQ(send(f, request("B", 2)), std::string("3 [1/0,1,2,3]"));
    f.pass(45'000);
    CHECK(f.group->empty());
    CHECK_EQ(f.stored.state_timestamp_ms, f.now.ms);
    f.pass(1'000'000);
    CHECK(f.rows.empty());
}

TEST("nothing of a member is waited for when it has gone") {
    Fixture f = with_topic();
    f.send(join("B", {"t1"}));
    f.pass(10'000);
    f.send(join("A", {"t1"}));
    CHECK(f.group->next_deadline() == f.now.time + std::chrono::seconds(35));
    f.send(request("B", -1));
    CHECK(f.group->next_deadline() == f.now.time + std::chrono::seconds(45));
    f.pass(1'000);
    f.send(request("A", 2));
    CHECK(f.group->next_deadline() == f.now.time + std::chrono::seconds(45));
}

TEST("session timeout and heartbeat interval stay within their bounds") {
    Fixture f = with_topic();
    f.settings.group_consumer_session_timeout_ms = 1'000'000;
    f.settings.group_consumer_heartbeat_interval_ms = 1;
    CHECK_EQ(f.send(join("A", {"t1"})).heartbeat_interval_ms, 5'000);
    f.pass(59'999);
    CHECK(!f.group->empty());
    f.pass(1);
    CHECK(f.group->empty());
}

TEST("whoever takes too long to give up loses its place, heartbeats or not") {
    Fixture f = asked_to_give_up();
    f.pass(29'999);
    CHECK_EQ(send(f, request("A", 1)), std::string("1"));
    f.send(request("B", 2));
    f.pass(1);
    CHECK_EQ(f.members(), std::string("B 2"));
    CHECK_EQ(send(f, request("A", 1)), std::string("UNKNOWN_MEMBER_ID"));
    CHECK_EQ(send(f, request("B", 2)), std::string("3 [1/0,1,2,3]"));
}

TEST("whoever gives up in time keeps its place") {
    Fixture f = asked_to_give_up();
    f.pass(29'999);
    CHECK_EQ(send(f, owning(request("A", 1), parts(1, {0, 1}))), std::string("2"));
    f.pass(44'999);
    CHECK_EQ(f.members(), std::string("A 2 1/0,1"));
}

TEST("absurd rebalance timeouts are taken for none at all, or for very long ones") {
    Fixture f = with_topic();
    auto r = join("A", {"t1"});
    r.rebalance_timeout_ms = -7;
    CHECK_EQ(send(f, r), std::string("1 [1/0,1,2,3]"));
    CHECK_EQ(f.stored_members.at("A").rebalance_timeout_ms, 0);
    r = join("B", {"t1"});
    r.rebalance_timeout_ms = std::numeric_limits<int32_t>::max();
    f.send(r);
    f.send(request("A", 1));
    f.pass(0);
    CHECK_EQ(f.members(), std::string("B 2"));
}

TEST("a restart keeps members, epochs and partitions, and gives all time again") {
    Fixture f = asked_to_give_up();
    f.pass(29'000);
    f.restart();
    f.pass(29'999);
    CHECK_EQ(send(f, request("A", 1)), std::string("1"));
    CHECK(f.rows.empty());
    CHECK_EQ(send(f, request("B", 2)), std::string("2"));
    CHECK_EQ(send(f, owning(request("A", 1), parts(1, {0, 1}))), std::string("2"));
    CHECK_EQ(send(f, request("B", 2)), std::string("2 [1/2,3]"));
    f.restart();
    f.pass(44'999);
    CHECK_EQ(f.members(), std::string("A 2 1/0,1; B 2 1/2,3"));
    f.pass(1);
    CHECK(f.group->empty());
}

TEST("a restart while a member gives up: its rebalance timeout begins anew") {
    Fixture f = asked_to_give_up();
    f.restart();
    f.pass(30'000);
    CHECK_EQ(f.members(), std::string("B 2"));
}
