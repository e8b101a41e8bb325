// Classic groups: joining, and from one generation to the next.
#include "group_world.h"

#include "wire/text.h"

using namespace group_test;

TEST("group: a member joins in two steps, leads and is assigned its part") {
    World world;
    const Ticket first = world.join({});
    CHECK_EQ(world.joined(first).error_code, ErrorCode::member_id_required);
    const std::string id = world.joined(first).member_id;
    CHECK_EQ(id, std::string("client-id1"));
    CHECK_EQ(world.state(), std::string("Empty"));

    const Ticket second = world.join({.member = id});
    CHECK(!world.answered(second));
    CHECK_EQ(world.state(), std::string("PreparingRebalance"));
    world.pass(2'999);
    CHECK(!world.answered(second));
    world.pass(1);
    const auto& joined = world.joined(second);
    CHECK_EQ(joined.error_code, ErrorCode::none);
    CHECK_EQ(joined.generation_id, 1);
    CHECK_EQ(joined.protocol_type.value_or(""), std::string("consumer"));
    CHECK_EQ(joined.protocol_name.value_or(""), std::string("range"));
    CHECK_EQ(joined.leader, id);
    CHECK_EQ(joined.member_id, id);
    CHECK(!joined.skip_assignment);
    CHECK_EQ(joined.members.size(), 1u);
    CHECK_EQ(joined.members[0].metadata.data, wire::View("subscription"));
    CHECK_EQ(world.state(), std::string("CompletingRebalance"));
    CHECK(world.tables.empty()); // nothing to come back to yet

    const auto& synced = world.synced(world.sync(id, 1, {{id, "all of it"}, {"nobody", "x"}}));
    CHECK_EQ(synced.error_code, ErrorCode::none);
    CHECK_EQ(synced.assignment.data, wire::View("all of it"));
    CHECK_EQ(synced.protocol_name.value_or(""), std::string("range"));
    CHECK_EQ(world.state(), std::string("Stable"));
    CHECK_EQ(world.tables.members_.size(), 1u);
    CHECK_EQ(world.tables.groups_["g"].epoch, 1);
    CHECK_EQ(world.tables.groups_["g"].leader.value_or(""), id);
    world.check_stored();
}

TEST("group: before version 4 a new member is admitted at once, and v0 has one timeout") {
    World world;
    world.settings.group_initial_rebalance_delay_ms = 0;
    const Ticket ticket = world.join({.version = 0, .session_ms = 20'000, .rebalance_ms = -1});
    world.tick();
    CHECK_EQ(world.joined(ticket).generation_id, 1);
    CHECK_EQ(world.classic().members().in_order()[0]->row.rebalance_timeout_ms, 20'000);
}

TEST("group: the initial delay goes on while members come, up to the rebalance timeout") {
    World world;
    const Ticket a = world.join_with_id({.rebalance_ms = 7'000});
    world.pass(2'000);
    const Ticket b = world.join_with_id({.rebalance_ms = 7'000});
    world.pass(2'000);
    const Ticket c = world.join_with_id({.rebalance_ms = 7'000});
    world.pass(2'500);
    CHECK(!world.answered(a)); // 6.5 s
    world.pass(500);
    CHECK_EQ(world.joined(a).generation_id, 1);
    CHECK_EQ(world.joined(b).generation_id, 1);
    CHECK_EQ(world.joined(c).generation_id, 1);
    CHECK_EQ(world.joined(a).members.size(), 3u);
    CHECK_EQ(world.joined(b).members.size(), 0u);
    CHECK_EQ(world.joined(c).leader, world.joined(a).member_id);
}

TEST("group: what a join is refused for") {
    World world;
    const auto code = [&](const Join& join) { return world.joined(world.join(join)).error_code; };
    CHECK_EQ(code({.group = ""}), ErrorCode::invalid_group_id);
    CHECK_EQ(code({.group = std::string(1'001, 'g')}), ErrorCode::invalid_group_id);
    for (const int32_t session : {-1, 0, 5'999, 1'800'001, std::numeric_limits<int32_t>::max()})
        CHECK_EQ(code({.session_ms = session}), ErrorCode::invalid_session_timeout);
    CHECK_EQ(code({.session_ms = 6'000}), ErrorCode::member_id_required);
    CHECK_EQ(code({.group = "none", .member = "m"}), ErrorCode::unknown_member_id);
    CHECK_EQ(code({.member = "m"}), ErrorCode::unknown_member_id);
    CHECK_EQ(code({.protocols = {}}), ErrorCode::inconsistent_group_protocol);
    CHECK_EQ(code({.type = ""}), ErrorCode::inconsistent_group_protocol);
    CHECK_EQ(world.state("none"), std::string("none"));

    world.stable_group(1, {.group = "stable"});
    CHECK_EQ(code({.group = "stable", .protocols = {{"sticky", ""}}}),
             ErrorCode::inconsistent_group_protocol);
    CHECK_EQ(code({.group = "stable", .type = "connect"}), ErrorCode::inconsistent_group_protocol);
    const auto& refused = world.joined(world.join({.group = "stable", .member = "m"}));
    CHECK_EQ(refused.error_code, ErrorCode::unknown_member_id);
    CHECK_EQ(refused.member_id, std::string("m"));
    CHECK(!refused.protocol_name);
}

TEST("group: members vote among the protocols that all have") {
    World world;
    const Ticket a = world.join_with_id({.protocols = {{"only a", ""}, {"x", "ax"}, {"y", "ay"}}});
    const Ticket b = world.join_with_id({.protocols = {{"y", "by"}, {"x", "bx"}}});
    const Ticket c = world.join_with_id({.protocols = {{"y", "cy"}, {"x", "cx"}, {"y", "twice"}}});
    world.pass(10'000);
    CHECK_EQ(world.joined(a).protocol_name.value_or(""), std::string("y"));
    CHECK_EQ(world.joined(c).protocol_name.value_or(""), std::string("y"));
    CHECK_EQ(world.joined(a).members.size(), 3u);
    CHECK_EQ(world.joined(a).members[1].metadata.data, wire::View("by"));
    CHECK_EQ(world.joined(a).members[2].metadata.data, wire::View("cy"));
    CHECK_EQ(world.joined(b).members.size(), 0u);
}

TEST("group: a newcomer makes the others join again, and the old generation is over") {
    World world;
    const auto ids = world.stable_group(2);
    std::string newcomer;
    const Ticket c = world.join_with_id({}, &newcomer);
    CHECK(!world.answered(c));
    CHECK_EQ(world.heartbeat(ids[0], 1), ErrorCode::rebalance_in_progress);
    CHECK_EQ(world.synced(world.sync(ids[0], 1)).error_code, ErrorCode::rebalance_in_progress);
    const Ticket b = world.join({.member = ids[1]});
    CHECK(!world.answered(b));
    const Ticket a = world.join({.member = ids[0]});
    CHECK_EQ(world.joined(a).generation_id, 2);
    CHECK_EQ(world.joined(b).leader, ids[0]);
    CHECK_EQ(world.joined(c).leader, ids[0]);
    CHECK_EQ(world.joined(a).members.size(), 3u);
    CHECK_EQ(world.heartbeat(ids[0], 1), ErrorCode::illegal_generation);
    CHECK_EQ(world.heartbeat(ids[0], 2), ErrorCode::none);

    // Followers wait for the leader; who is left out gets nothing.
    const Ticket sync_b = world.sync(ids[1], 2), sync_c = world.sync(newcomer, 2);
    CHECK(!world.answered(sync_b));
    CHECK_EQ(world.tables.groups_["g"].epoch, 1); // the round is not complete
    world.sync(ids[0], 2, {{ids[0], "1"}, {ids[1], "2"}});
    CHECK_EQ(world.synced(sync_b).assignment.data, wire::View("2"));
    CHECK_EQ(world.synced(sync_c).error_code, ErrorCode::none);
    CHECK_EQ(world.synced(sync_c).assignment.data, wire::View(""));
    CHECK_EQ(world.tables.groups_["g"].epoch, 2);
    CHECK_EQ(world.tables.members_.size(), 3u);
    world.check_stored();
}

TEST("group: who does not join again in the rebalance timeout is out, and another leads") {
    World world;
    const auto ids = world.stable_group(3, {.session_ms = 100'000, .rebalance_ms = 20'000});
    const Ticket b = world.join({.member = ids[1], .protocols = {{"range", "changed"}}});
    const Ticket c = world.join({.member = ids[2]});
    world.pass(59'999); // its second JoinGroup says 60 s
    CHECK(!world.answered(b));
    world.pass(1);
    CHECK_EQ(world.joined(b).generation_id, 2);
    CHECK_EQ(world.joined(b).leader, ids[1]);
    CHECK_EQ(world.joined(b).members.size(), 2u);
    CHECK_EQ(world.joined(c).error_code, ErrorCode::none);
    CHECK_EQ(world.heartbeat(ids[0], 1), ErrorCode::unknown_member_id);
}

TEST("group: joining again in a Stable group") {
    World world;
    const auto ids = world.stable_group(2);
    // A follower with the same protocols is told the generation.
    const auto& same = world.joined(world.join({.member = ids[1]}));
    CHECK_EQ(same.generation_id, 1);
    CHECK_EQ(same.members.size(), 0u);
    CHECK_EQ(same.leader, ids[0]);
    CHECK_EQ(world.state(), std::string("Stable"));
    // The leader always starts a rebalance.
    const Ticket a = world.join({.member = ids[0]});
    CHECK_EQ(world.state(), std::string("PreparingRebalance"));
    const Ticket b = world.join({.member = ids[1], .protocols = {{"range", "new"}}});
    CHECK_EQ(world.joined(a).generation_id, 2);
    CHECK_EQ(world.joined(a).members[1].metadata.data, wire::View("new"));
    // While the leader assigns: the same answer again for the same protocols, a rebalance for others.
    CHECK_EQ(world.joined(world.join({.member = ids[0]})).members.size(), 2u);
    CHECK_EQ(world.joined(world.join({.member = ids[1], .protocols = {{"range", "new"}}})).generation_id, 2);
    const Ticket waits = world.sync(ids[1], 2);
    world.join({.member = ids[0], .protocols = {{"range", "other"}}});
    CHECK_EQ(world.synced(waits).error_code, ErrorCode::rebalance_in_progress);
    CHECK_EQ(world.state(), std::string("PreparingRebalance"));
    CHECK(world.answered(b));
}

TEST("group: a follower whose metadata change starts a rebalance") {
    World world;
    const auto ids = world.stable_group(2);
    const Ticket b = world.join({.member = ids[1], .protocols = {{"range", "new"}}});
    CHECK(!world.answered(b));
    CHECK_EQ(world.heartbeat(ids[0], 1), ErrorCode::rebalance_in_progress);
}

TEST("group: the errors of SyncGroup and Heartbeat") {
    World world;
    CHECK_EQ(world.synced(world.sync("m", 1, {}, "none")).error_code, ErrorCode::unknown_member_id);
    CHECK_EQ(world.synced(world.sync("m", 1, {}, "")).error_code, ErrorCode::invalid_group_id);
    CHECK_EQ(world.heartbeat("m", 1, "none"), ErrorCode::unknown_member_id);
    CHECK_EQ(world.heartbeat("m", 1, ""), ErrorCode::invalid_group_id);
    const auto ids = world.stable_group(1);
    CHECK_EQ(world.synced(world.sync("m", 1)).error_code, ErrorCode::unknown_member_id);
    CHECK_EQ(world.synced(world.sync(ids[0], 0)).error_code, ErrorCode::illegal_generation);
    CHECK_EQ(world.synced(world.sync(ids[0], 2)).error_code, ErrorCode::illegal_generation);
    CHECK_EQ(world.heartbeat(ids[0], 2), ErrorCode::illegal_generation);
    CHECK_EQ(world.heartbeat("m", 1), ErrorCode::unknown_member_id);
    CHECK_EQ(world.heartbeat(ids[0], 1), ErrorCode::none);
    // Stable: the stored assignment once more.
    CHECK_EQ(std::string(world.synced(world.sync(ids[0], 1)).assignment.data), "part of " + ids[0]);

    wire::sync_group::Request request;
    request.group_id = "g";
    request.generation_id = 1;
    request.member_id = ids[0];
    const auto code = [&](int16_t version) {
        return world
            .synced(world.ask(
                version, [&](Turn& turn, const Caller& caller) { world.groups.sync(turn, caller, request); }))
            .error_code;
    };
    CHECK_EQ(code(4), ErrorCode::none);
    CHECK_EQ(code(5), ErrorCode::inconsistent_group_protocol);
    request.protocol_type = "consumer";
    request.protocol_name = "sticky";
    CHECK_EQ(code(5), ErrorCode::inconsistent_group_protocol);
    request.protocol_name = "range";
    CHECK_EQ(code(5), ErrorCode::none);
    request.protocol_type = "connect";
    CHECK_EQ(code(5), ErrorCode::inconsistent_group_protocol);
    CHECK_EQ(world.leave(ids[0]), ErrorCode::none);
    CHECK_EQ(world.synced(world.sync(ids[0], 2)).error_code, ErrorCode::unknown_member_id);
    CHECK_EQ(world.heartbeat(ids[0], 2), ErrorCode::unknown_member_id);
}

TEST("group: a request that is sent again answers the earlier one") {
    World world;
    const auto ids = world.stable_group(2);
    const Ticket first = world.join({.member = ids[1], .protocols = {{"range", "x"}}});
    const Ticket second = world.join({.member = ids[1], .protocols = {{"range", "x"}}});
    CHECK_EQ(world.joined(first).error_code, ErrorCode::rebalance_in_progress);
    CHECK(!world.answered(second));
    world.join({.member = ids[0]});
    const Ticket sync = world.sync(ids[1], 2), again = world.sync(ids[1], 2);
    CHECK_EQ(world.synced(sync).error_code, ErrorCode::rebalance_in_progress);
    world.sync(ids[0], 2);
    CHECK_EQ(world.synced(again).error_code, ErrorCode::none);
}

TEST("group: no more members than allowed") {
    World world;
    world.settings.group_max_size = 2;
    const auto ids = world.stable_group(2);
    const auto& refused = world.joined(world.join({}));
    CHECK_EQ(refused.error_code, ErrorCode::group_max_size_reached);
    CHECK_EQ(refused.member_id, std::string());
    CHECK_EQ(world.joined(world.join({.member = ids[1]})).error_code, ErrorCode::none);

    // Two ids were given out before the second place was taken.
    World pending;
    pending.settings.group_max_size = 1;
    const std::string a = pending.joined(pending.join({})).member_id;
    const std::string b = pending.joined(pending.join({})).member_id;
    const Ticket first = pending.join({.member = a});
    CHECK_EQ(pending.joined(pending.join({.member = b})).error_code, ErrorCode::group_max_size_reached);
    pending.pass(3'000);
    CHECK_EQ(pending.joined(first).error_code, ErrorCode::none);

    // The limit is lowered: the last to join again has to go, and the others go on.
    World lowered;
    const auto three = lowered.stable_group(3);
    lowered.settings.group_max_size = 2;
    const Ticket leader = lowered.join({.member = three[0]});
    const Ticket second = lowered.join({.member = three[1]});
    CHECK_EQ(lowered.joined(lowered.join({.member = three[2]})).error_code,
             ErrorCode::group_max_size_reached);
    CHECK_EQ(lowered.joined(leader).members.size(), 2u);
    CHECK_EQ(lowered.joined(second).error_code, ErrorCode::none);
}

TEST("group: a member id made of a long name is text, whatever the name is written in") {
    World world;
    std::string name = "x";
    for (int i = 0; i < 200; i++) name += "\xc3\xa9";
    const std::string id = world.joined(world.join({.client = name})).member_id;
    CHECK(kafka::wire::is_text(id, kafka::wire::TextRule::utf8));
    CHECK(id.starts_with(name.substr(0, 255)) && id.size() < 300);
    CHECK(world.joined(world.join({.client = name})).member_id != id);
}
