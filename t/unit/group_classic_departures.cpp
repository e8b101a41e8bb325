// Who leaves a classic group: by a request, or because time is over.
#include "group_world.h"

using namespace group_test;

TEST("group: a silent member is removed after its session timeout, one that heartbeats or commits is not") {
    World world;
    const auto ids = world.stable_group(3);
    for (int i = 0; i < 4; i++) {
        world.pass(6'000);
        CHECK_EQ(world.heartbeat(ids[0], 1), i < 1 ? ErrorCode::none : ErrorCode::rebalance_in_progress);
        CHECK_EQ(world.commit("orders", 0, i, ids[1], 1), ErrorCode::none);
    }
    CHECK_EQ(world.heartbeat(ids[1], 1), ErrorCode::rebalance_in_progress);
    CHECK_EQ(world.heartbeat(ids[2], 1), ErrorCode::unknown_member_id);
    world.join({.member = ids[0]});
    CHECK_EQ(world.joined(world.join({.member = ids[1]})).generation_id, 2);
}

TEST("group: the last member's end makes the group Empty, and the generation goes on") {
    World world;
    auto ids = world.stable_group(2);
    world.pass(10'000);
    CHECK_EQ(world.state(), std::string("Empty"));
    CHECK_EQ(world.tables.groups_["g"].epoch, 2);
    CHECK(!world.tables.groups_["g"].protocol);
    CHECK(world.tables.members_.empty());
    world.check_stored();
    ids = world.stable_group(1, {.protocols = {{"other", ""}}, .type = "connect"});
    CHECK_EQ(world.classic().generation(), 3);
    CHECK_EQ(world.classic().protocol_type(), std::string("connect"));
    CHECK_EQ(world.heartbeat(ids[0], 3), ErrorCode::none);
}

TEST("group: a new member is let go after five minutes") {
    World world;
    const auto ids = world.stable_group(1, {.rebalance_ms = 1'000'000});
    const Ticket b = world.join_with_id({});
    for (int i = 0; i < 60; i++) {
        CHECK(!world.answered(b));
        CHECK_EQ(world.heartbeat(ids[0], 1), ErrorCode::rebalance_in_progress);
        world.pass(5'000);
    }
    CHECK_EQ(world.joined(b).error_code, ErrorCode::unknown_member_id);
}

TEST("group: a member that waits in JoinGroup is not subject to its session timeout") {
    World world;
    const auto ids = world.stable_group(2, {.session_ms = 6'000, .rebalance_ms = 30'000});
    const Ticket b = world.join({.member = ids[1], .protocols = {{"range", "x"}}, .session_ms = 6'000});
    for (int i = 0; i < 5; i++) {
        world.pass(5'000);
        world.heartbeat(ids[0], 1);
    }
    CHECK(!world.answered(b));
    const Ticket a = world.join({.member = ids[0]});
    CHECK_EQ(world.joined(a).members.size(), 2u);
    CHECK_EQ(world.joined(b).error_code, ErrorCode::none);
}

TEST("group: who waits while another's session ends begins a new session with the answer") {
    World world;
    const auto ids = world.stable_group(2);
    const Ticket b = world.join({.member = ids[1], .protocols = {{"range", "x"}}});
    world.pass(10'000); // both sessions end at once; the first is silent, the second waits
    CHECK_EQ(world.joined(b).error_code, ErrorCode::none);
    CHECK_EQ(world.joined(b).members.size(), 1u);
    CHECK_EQ(world.classic().members().size(), 1u);
}

TEST("group: members that do not sync are removed, and so is a leader that does not assign") {
    World world;
    const Ticket a = world.join_with_id({.session_ms = 200'000, .rebalance_ms = 20'000});
    const Ticket b = world.join_with_id({.session_ms = 200'000, .rebalance_ms = 20'000});
    world.pass(6'000);
    const Ticket sync_b = world.sync(world.joined(b).member_id, 1);
    world.pass(19'999);
    CHECK(!world.answered(sync_b));
    world.pass(1);
    CHECK_EQ(world.synced(sync_b).error_code, ErrorCode::rebalance_in_progress);
    CHECK_EQ(world.heartbeat(world.joined(a).member_id, 1), ErrorCode::unknown_member_id);
    CHECK_EQ(world.heartbeat(world.joined(b).member_id, 1), ErrorCode::rebalance_in_progress);

    // One that never syncs in an otherwise Stable group.
    World other;
    const Ticket leader = other.join_with_id({.session_ms = 200'000, .rebalance_ms = 20'000});
    const Ticket lazy = other.join_with_id({.session_ms = 200'000, .rebalance_ms = 20'000});
    other.pass(6'000);
    other.sync(other.joined(leader).member_id, 1);
    CHECK_EQ(other.state(), std::string("Stable"));
    other.pass(20'000);
    CHECK_EQ(other.state(), std::string("PreparingRebalance"));
    CHECK_EQ(other.heartbeat(other.joined(lazy).member_id, 1), ErrorCode::unknown_member_id);
}

TEST("group: LeaveGroup, in all its forms") {
    World world;
    const auto ids = world.stable_group(3);
    CHECK_EQ(world.leave({{"x", {}, {}}}, "", 5).error_code, ErrorCode::invalid_group_id);
    CHECK_EQ(world.leave({{"x", {}, {}}}, "none", 2).error_code, ErrorCode::unknown_member_id);
    const auto missing = world.leave({{"x", "i", {}}}, "none", 3);
    CHECK_EQ(missing.error_code, ErrorCode::none);
    CHECK_EQ(missing.members[0].error_code, ErrorCode::unknown_member_id);
    CHECK_EQ(missing.members[0].group_instance_id.value_or(""), std::string("i"));
    CHECK_EQ(world.leave({{"x", {}, {}}}, "g", 0).error_code, ErrorCode::unknown_member_id);
    CHECK_EQ(world.state(), std::string("Stable"));

    const auto several = world.leave({{ids[2], {}, "done"}, {"x", {}, {}}, {"", {}, {}}, {"", "i", {}}});
    CHECK_EQ(several.members.size(), 4u);
    CHECK_EQ(several.members[0].error_code, ErrorCode::none);
    for (size_t i = 1; i < 4; i++) CHECK_EQ(several.members[i].error_code, ErrorCode::unknown_member_id);
    CHECK_EQ(world.state(), std::string("PreparingRebalance"));
    const Ticket a = world.join({.member = ids[0]});
    CHECK_EQ(world.leave({{ids[1], {}, {}}}, "g", 1).error_code, ErrorCode::none);
    CHECK_EQ(world.joined(a).generation_id, 2);
    CHECK_EQ(world.leave(ids[0]), ErrorCode::none);
    CHECK_EQ(world.state(), std::string("Empty"));
    CHECK_EQ(world.leave(ids[0]), ErrorCode::unknown_member_id);
}

TEST("group: whoever leaves while it waits is answered") {
    World world;
    const auto ids = world.stable_group(3);
    const Ticket b = world.join({.member = ids[1], .protocols = {{"range", "x"}}});
    CHECK_EQ(world.leave(ids[1]), ErrorCode::none);
    CHECK_EQ(world.joined(b).error_code, ErrorCode::unknown_member_id);
    world.join({.member = ids[0]});
    world.join({.member = ids[2]});
    const Ticket sync = world.sync(ids[2], 2);
    CHECK_EQ(world.leave(ids[2]), ErrorCode::none);
    CHECK_EQ(world.synced(sync).error_code, ErrorCode::unknown_member_id);
    // A pending id may leave, too; there is nobody who would notice.
    const Ticket pending = world.join({});
    CHECK_EQ(world.leave(world.joined(pending).member_id), ErrorCode::none);
    CHECK_EQ(world.joined(world.join({.member = world.joined(pending).member_id})).error_code,
             ErrorCode::unknown_member_id);
}

TEST("group: the leader's departure makes the oldest member leader") {
    World world;
    const auto ids = world.stable_group(3);
    world.leave(ids[0]);
    const Ticket c = world.join({.member = ids[2]});
    const Ticket b = world.join({.member = ids[1]});
    CHECK_EQ(world.joined(c).leader, ids[1]);
    CHECK_EQ(world.joined(b).members.size(), 2u);
}

TEST("group: absurd rebalance timeouts neither keep anybody waiting nor the broker busy") {
    World world;
    const Ticket a = world.join_with_id({.rebalance_ms = -5});
    const Ticket b = world.join_with_id({.rebalance_ms = std::numeric_limits<int32_t>::min()});
    world.pass(3'000);
    CHECK(world.answered(a) && world.answered(b));
    world.pass(60'000);
    CHECK_EQ(world.state(), std::string("Empty"));
    CHECK(world.open.empty());
}
