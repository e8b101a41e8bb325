// How long what groups commit is kept: for its retention time, and until its topic is deleted.
#include "group_world.h"

#include <limits>

using namespace group_test;

namespace {

constexpr int64_t day_ms = 24 * 60 * 60 * 1'000;

} // namespace

TEST("group: a topic made anew under the same name has nothing committed") {
    World world;
    world.commit("orders", 0, 5);
    world.commit("orders", 3, 6);
    world.commit("events", 0, 7);
    world.topics["orders"].id[15] = 99;
    CHECK_EQ(world.committed("orders", 0), -1);
    world.topics_deleted();
    CHECK_EQ(world.tables.offsets_.size(), 1u);
    CHECK_EQ(world.committed("events", 0), 7);
    world.check_stored();
}

TEST("group: what is stored for a topic that is not there is kept for some minutes, in which a restore may "
     "bring it") {
    World world;
    world.commit("orders", 0, 5);
    world.commit("events", 0, 6);
    world.commit("events", 0, 7, "", -1, "other");
    const Topic events = world.topics["events"];
    world.topics.erase("events");
    world.restart();
    world.tick();
    world.pass(9 * 60'000);
    CHECK_EQ(world.tables.offsets_.size(), 3u);
    world.topics["events"] = events;
    CHECK_EQ(world.committed("events", 0), 6);
    world.topics.erase("events");
    world.pass(2 * 60'000);
    CHECK_EQ(world.tables.offsets_.size(), 1u);
    CHECK_EQ(world.state("other"), std::string("none"));
    world.topics["events"] = events;
    CHECK_EQ(world.committed("events", 0), -1);
    CHECK_EQ(world.committed("orders", 0), 5);
    world.check_stored();
}

TEST("group: what was committed for deleted topics goes in bounded steps, also of topics deleted meanwhile") {
    World world;
    constexpr int groups = 2'500;
    for (int i = 0; i < groups; i++)
        for (const char* topic : {"orders", "events"})
            world.commit(topic, 0, 5, "", -1, "g" + std::to_string(i));
    const Topic orders = world.topics["orders"], events = world.topics["events"];
    world.topics.erase("orders");
    world.groups.topic_deleted(orders.id, world.now.time);
    world.tick();
    CHECK_EQ(world.tables.offsets_.size(), 2u * groups - 1'000);
    CHECK(world.groups.next_deadline() <= world.now.time); // there is more to do
    world.topics.erase("events");
    world.groups.topic_deleted(events.id, world.now.time);
    world.pass(0);
    CHECK(world.tables.offsets_.empty());
    CHECK(world.groups.next_deadline() > world.now.time);
    world.check_stored();
}

TEST("group: a tick looks at a bounded number of offsets, also where few of them are to go") {
    World world;
    constexpr int32_t groups = 60, offsets = 1'000;
    world.topics["events"].partitions = offsets;
    wire::offset_commit::Request request;
    request.topics = {{"orders", {}, {{0, 5, -1, ""}}}, {"events", {}, {}}};
    for (int32_t p = 0; p < offsets; p++) request.topics[1].partitions.push_back({p, 5, -1, ""});
    for (int i = 10; i < 10 + groups; i++) {
        request.group_id = "g" + std::to_string(i);
        world.commit(request, 9);
    }
    const wire::Uuid orders = world.topics["orders"].id;
    world.topics.erase("orders");
    world.groups.topic_deleted(orders, world.now.time);
    world.tick();
    CHECK_EQ(world.tables.offsets_.size(), size_t(groups * offsets + 10));
    CHECK(world.groups.next_deadline() <= world.now.time); // there is more to do
    world.pass(0);
    CHECK_EQ(world.tables.offsets_.size(), size_t(groups * offsets));
    CHECK(world.groups.next_deadline() > world.now.time);
}

TEST("group: when offsets expire each topic is looked up once") {
    World world;
    for (int32_t p = 0; p < 4; p++) world.commit("orders", p, 5);
    for (int32_t p = 0; p < 4; p++) world.commit("events", p, 5);
    world.now.time += std::chrono::minutes(10);
    int asked = 0;
    world.turn([&](Turn& turn) {
        TopicLookup counting = turn.topics;
        counting.by_id = [&](const wire::Uuid& id) {
            asked++;
            return turn.topics.by_id(id);
        };
        Turn counted{turn.now, turn.settings, counting, turn.new_id, turn.has_pending_offsets, turn.effects};
        world.groups.tick(counted);
    });
    CHECK_EQ(asked, 2);
    CHECK_EQ(world.tables.offsets_.size(), 8u);
}

TEST("group: offsets of a simple group are kept for their time after each commit") {
    World world;
    world.commit("orders", 0, 1);
    world.pass(3 * day_ms);
    world.commit("orders", 1, 1);
    world.pass(4 * day_ms + 700'000);
    CHECK_EQ(world.committed("orders", 0), -1);
    CHECK_EQ(world.committed("orders", 1), 1);
    world.check_stored();
    world.pass(3 * day_ms);
    CHECK(world.tables.empty());
    CHECK_EQ(world.state(), std::string("none"));
}

TEST("group: offsets of a group are kept for their time after it became empty") {
    World world;
    const auto ids = world.stable_group(1, {.protocols = {{"range", subscription({"orders"})}}});
    world.commit("orders", 0, 1, ids[0], 1);
    world.commit("events", 0, 1, ids[0], 1);
    for (int i = 0; i < 8 * 24 * 60 * 60 / 9; i++) {
        world.now.time += milliseconds(9'000);
        world.now.ms += 9'000;
        world.heartbeat(ids[0], 1);
        if (i % 1'000 == 0) world.tick();
    }
    world.tick();
    CHECK_EQ(world.committed("orders", 0), 1);  // subscribed to
    CHECK_EQ(world.committed("events", 0), -1); // not so, and old
    CHECK_EQ(world.leave(ids[0]), ErrorCode::none);
    world.pass(7 * day_ms - 1);
    CHECK_EQ(world.committed("orders", 0), 1);
    world.restart();
    world.pass(700'000);
    world.pass(600'000);
    CHECK_EQ(world.committed("orders", 0), -1);
    CHECK_EQ(world.state(), std::string("none"));
    CHECK(world.tables.empty());
}

TEST("group: offsets of which a transaction has others pending do not expire") {
    World world;
    world.commit("orders", 0, 1);
    world.has_pending_offsets = [](const std::string& group) { return group == "g"; };
    world.pass(30 * day_ms);
    CHECK_EQ(world.committed("orders", 0), 1);
    world.has_pending_offsets = [](const std::string&) { return false; };
    world.pass(day_ms);
    CHECK_EQ(world.committed("orders", 0), -1);
}

TEST("group: an old client's own retention time goes before") {
    World world;
    wire::offset_commit::Request request = commit_of("orders", "");
    request.retention_time_ms = 1'000'000;
    world.commit(request, 4);
    world.pass(900'000);
    CHECK_EQ(world.committed("orders", 0), 7);
    world.pass(800'000);
    CHECK_EQ(world.committed("orders", 0), -1);
    request.retention_time_ms = 30 * day_ms;
    world.commit(request, 4);
    world.pass(29 * day_ms);
    CHECK_EQ(world.committed("orders", 0), 7);
}

TEST("group: offsets expire beside members that send heartbeats, and where there is nothing but offsets") {
    World world;
    world.settings.offsets_retention_minutes = 1;
    world.commit("orders", 0, 7, "", -1, "unused");
    world.restart(); // nobody has a session
    const auto ids = world.stable_group(1);
    for (int minute = 0; minute < 30; minute++) {
        CHECK_EQ(world.heartbeat(ids[0], 1), ErrorCode::none);
        world.pass(5'000);
        CHECK_EQ(world.heartbeat(ids[0], 1), ErrorCode::none);
        world.pass(5'000);
    }
    CHECK_EQ(world.committed("orders", 0, "unused"), 7); // looked for every ten minutes
    for (int minute = 0; minute < 60; minute++) {
        CHECK_EQ(world.heartbeat(ids[0], 1), ErrorCode::none);
        world.pass(5'000);
    }
    CHECK_EQ(world.state("unused"), std::string("none"));
    CHECK_EQ(world.state(), std::string("Stable"));
}

TEST("group: a commit may ask to be kept for ever") {
    World world;
    wire::offset_commit::Request request = commit_of("orders", "");
    request.retention_time_ms = std::numeric_limits<int64_t>::max();
    CHECK_EQ(world.commit(request, 4).topics[0].partitions[0].error_code, ErrorCode::none);
    world.now.ms += 100LL * 365 * day_ms;
    world.pass(11 * 60 * 1'000);
    CHECK_EQ(world.committed("orders", 0), 7);
}

TEST("group: a great many idle groups are looked through in small steps") {
    World world;
    for (int i = 0; i < 5'000; i++) world.commit("orders", 0, 1, "", -1, "g" + std::to_string(i));
    CHECK_EQ(world.groups.all().size(), 5'000u);
    world.tick();
    world.now.time += milliseconds(8 * day_ms);
    world.now.ms += 8 * day_ms;
    world.tick();
    CHECK_EQ(world.groups.all().size(), 4'000u);
    CHECK(world.groups.next_deadline() <= world.now.time);
    for (int i = 0; i < 5; i++) world.tick();
    CHECK_EQ(world.groups.all().size(), 0u);
    CHECK(world.groups.next_deadline() > world.now.time);
    CHECK(world.tables.empty());
}
