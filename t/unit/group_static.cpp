// Static members (KIP-345), skipped assignments (KIP-814), and what a restart leaves.
#include "group_world.h"

using namespace group_test;

namespace {

Join static_join(const std::string& instance, const std::string& member = "") {
    return {.member = member, .instance = instance, .session_ms = 30'000};
}

/// A Stable group of static members i0, i1, ...: their member ids, the leader's first.
std::vector<std::string> static_group(World& world, int members) {
    std::vector<Ticket> tickets;
    for (int i = 0; i < members; i++) tickets.push_back(world.join(static_join("i" + std::to_string(i))));
    world.pass(10'000);
    std::vector<std::string> ids;
    std::vector<std::pair<std::string, std::string>> parts;
    for (const Ticket ticket : tickets) {
        ids.push_back(world.joined(ticket).member_id);
        parts.emplace_back(ids.back(), "part of i" + std::to_string(parts.size()));
    }
    for (int i = members; i-- > 1;) world.sync(ids[size_t(i)], 1);
    world.sync(ids[0], 1, parts);
    CHECK_EQ(world.state(), std::string("Stable"));
    return ids;
}

} // namespace

TEST("group: a static member is admitted in one step and comes back without a rebalance") {
    World world;
    const auto ids = static_group(world, 2);
    CHECK_EQ(ids[1], std::string("i1-id2"));
    const auto& back = world.joined(world.join(static_join("i1")));
    CHECK_EQ(back.error_code, ErrorCode::none);
    CHECK_EQ(back.generation_id, 1);
    CHECK(back.member_id != ids[1]);
    CHECK_EQ(back.leader, ids[0]);
    CHECK(!back.skip_assignment);
    CHECK_EQ(world.state(), std::string("Stable"));
    CHECK_EQ(world.synced(world.sync(back.member_id, 1)).assignment.data, wire::View("part of i1"));
    CHECK_EQ(world.heartbeat(ids[0], 1), ErrorCode::none);
    CHECK_EQ(world.tables.members_.count({"g", ids[1]}), 0u);
    CHECK_EQ(world.tables.members_.count({"g", back.member_id}), 1u);
    world.check_stored();

    // The old id is fenced wherever the instance is named, and unknown where it is not.
    CHECK_EQ(world.heartbeat(ids[1], 1, "g", "i1"), ErrorCode::fenced_instance_id);
    CHECK_EQ(world.heartbeat(ids[1], 1), ErrorCode::unknown_member_id);
    CHECK_EQ(world.synced(world.sync(ids[1], 1, {}, "g", "i1")).error_code, ErrorCode::fenced_instance_id);
    CHECK_EQ(world.joined(world.join(static_join("i1", ids[1]))).error_code, ErrorCode::fenced_instance_id);
    CHECK_EQ(world.leave({{ids[1], "i1", {}}}).members[0].error_code, ErrorCode::fenced_instance_id);
    CHECK_EQ(world.joined(world.join(static_join("i9", ids[1]))).error_code, ErrorCode::unknown_member_id);
    wire::offset_commit::Request commit;
    commit.group_id = "g";
    commit.member_id = ids[1];
    commit.group_instance_id = "i1";
    commit.generation_id_or_member_epoch = 1;
    commit.topics.push_back({"orders", {}, {{0, 1, -1, ""}}});
    CHECK_EQ(world.commit(commit, 7).topics[0].partitions[0].error_code, ErrorCode::fenced_instance_id);
}

TEST("group: a static leader that comes back is not to assign anew") {
    World world;
    const auto ids = static_group(world, 2);
    const auto& back = world.joined(world.join(static_join("i0")));
    CHECK(back.skip_assignment);
    CHECK_EQ(back.leader, back.member_id);
    CHECK_EQ(back.members.size(), 2u);
    CHECK_EQ(world.tables.groups_["g"].leader.value_or(""), back.member_id);
    CHECK_EQ(world.synced(world.sync(back.member_id, 1)).assignment.data, wire::View("part of i0"));

    // Before v9 it does not learn that it leads.
    Join old = static_join("i0");
    old.version = 8;
    const auto& again = world.joined(world.join(old));
    CHECK_EQ(again.leader, back.member_id);
    CHECK(again.member_id != again.leader);
    CHECK_EQ(again.members.size(), 0u);
    CHECK(!again.skip_assignment);
    world.check_stored();
}

TEST("group: a static member that changes the chosen protocol starts a rebalance") {
    World world;
    world.join({.instance = "i0", .protocols = {{"a", ""}, {"b", ""}}});
    world.join({.instance = "i1", .protocols = {{"a", ""}, {"b", ""}}});
    world.pass(10'000);
    for (const Member* member : std::vector(world.classic().members().in_order()))
        world.sync(member->id(), 1);
    CHECK_EQ(world.classic().protocol().value_or(""), std::string("a"));
    CHECK_EQ(world.state(), std::string("Stable"));
    const Ticket back = world.join({.instance = "i1", .protocols = {{"b", ""}}});
    CHECK(!world.answered(back));
    CHECK_EQ(world.state(), std::string("PreparingRebalance"));
}

TEST("group: a second client with the same instance id fences the first, also one that waits") {
    World world;
    const Ticket first = world.join(static_join("i0"));
    const Ticket second = world.join(static_join("i0"));
    CHECK_EQ(world.joined(first).error_code, ErrorCode::fenced_instance_id);
    world.pass(10'000);
    CHECK_EQ(world.joined(second).generation_id, 1);
    CHECK_EQ(world.joined(second).members.size(), 1u);
    CHECK_EQ(world.joined(second).members[0].group_instance_id.value_or(""), std::string("i0"));
}

TEST("group: a static member that comes back while the leader assigns starts a rebalance") {
    World world;
    const auto ids = static_group(world, 2);
    const Ticket leader = world.join(static_join("i0", ids[0]));
    world.join(static_join("i1", ids[1]));
    CHECK_EQ(world.joined(leader).generation_id, 2);
    const Ticket waiting = world.sync(ids[1], 2);
    const Ticket back = world.join(static_join("i1"));
    CHECK_EQ(world.synced(waiting).error_code, ErrorCode::fenced_instance_id);
    CHECK_EQ(world.state(), std::string("PreparingRebalance"));
    world.join(static_join("i0", ids[0]));
    CHECK_EQ(world.joined(back).generation_id, 3);
}

TEST("group: a static member that is away during a rebalance stays until its session ends") {
    World world;
    const auto ids = static_group(world, 2);
    Join leader = static_join("i0", ids[0]);
    leader.session_ms = 200'000;
    leader.rebalance_ms = 20'000;
    Join away = static_join("i1", ids[1]);
    away.session_ms = 200'000;
    away.rebalance_ms = 20'000;
    world.join(leader);
    world.join(away);
    world.sync(ids[1], 2);
    world.sync(ids[0], 2);
    const Ticket alone = world.join(leader);
    world.pass(20'000);
    CHECK_EQ(world.joined(alone).generation_id, 3);
    CHECK_EQ(world.joined(alone).members.size(), 2u);
    CHECK_EQ(world.classic().members().size(), 2u);
}

TEST("group: with none but absent static members a rebalance goes on waiting") {
    World world;
    const auto ids = static_group(world, 2);
    world.join({.instance = "i2", .rebalance_ms = 5'000});
    CHECK_EQ(world.leave({{"", "i2", "a tool"}}).members[0].error_code, ErrorCode::none);
    CHECK_EQ(world.state(), std::string("PreparingRebalance"));
    world.pass(29'000);
    CHECK_EQ(world.state(), std::string("PreparingRebalance"));
    CHECK_EQ(world.classic().members().size(), 2u);
    world.pass(60'000);
    CHECK_EQ(world.state(), std::string("Empty"));
}

TEST("group: after a restart members go on with their ids and generation, and sessions start anew") {
    World world;
    const auto ids = world.stable_group(3);
    world.pass(9'000);
    for (const std::string& id : ids) world.heartbeat(id, 1);
    const Ticket lost = world.join({.member = ids[0]}); // a rebalance that is not complete
    world.join_with_id({});
    CHECK(!world.answered(lost));
    CHECK_EQ(world.commit("orders", 1, 5, ids[1], 1), ErrorCode::none);
    world.pass(8'000);
    world.restart();
    CHECK_EQ(world.state(), std::string("Stable"));
    world.pass(9'000);
    for (const std::string& id : ids) CHECK_EQ(world.heartbeat(id, 1), ErrorCode::none);
    CHECK_EQ(std::string(world.synced(world.sync(ids[2], 1)).assignment.data), "part of " + ids[2]);
    CHECK_EQ(world.committed("orders", 1), 5);
    world.check_stored();

    // The leader is the same, and the group works on.
    const Ticket a = world.join({.member = ids[0]});
    world.join({.member = ids[1]});
    world.join({.member = ids[2]});
    CHECK_EQ(world.joined(a).generation_id, 2);
    CHECK_EQ(world.joined(a).members.size(), 3u);
    world.restart(); // generation 2 was never complete
    CHECK_EQ(world.heartbeat(ids[0], 2), ErrorCode::illegal_generation);
    world.pass(10'000);
    CHECK_EQ(world.state(), std::string("Empty"));
    world.restart();
    CHECK_EQ(world.state(), std::string("Empty"));
    CHECK_EQ(world.classic().generation(), 2);
}

TEST("group: a static member comes back after a restart, too") {
    World world;
    const auto ids = static_group(world, 2);
    world.restart();
    const auto& back = world.joined(world.join(static_join("i0")));
    CHECK_EQ(back.generation_id, 1);
    CHECK(back.skip_assignment);
    CHECK_EQ(world.synced(world.sync(back.member_id, 1)).assignment.data, wire::View("part of i0"));
    CHECK_EQ(world.heartbeat(ids[0], 1, "g", "i0"), ErrorCode::fenced_instance_id);
}

TEST("group: a group that is dropped names who waits, and is read again") {
    World world;
    const auto ids = world.stable_group(2);
    const Ticket waits = world.join({.member = ids[0]});
    const auto waiting = world.groups.drop("g");
    CHECK_EQ(waiting.size(), 1u);
    CHECK_EQ(waiting[0], waits);
    CHECK_EQ(world.state(), std::string("none"));
    CHECK(world.groups.next_deadline() > world.now.time + milliseconds(60'000));
    for (const Row& row : world.tables.rows()) world.groups.apply(row, world.now);
    CHECK_EQ(world.heartbeat(ids[1], 1), ErrorCode::none);
    CHECK(world.groups.drop("none").empty());
}
