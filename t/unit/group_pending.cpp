// Member ids that a classic group has given out to join with (KIP-394): it waits for who has them, but not for ever.
#include "group_world.h"

using namespace group_test;

TEST("group: a pending id that does not come back is forgotten, and the group with it") {
    World world;
    for (int i = 0; i < 1'000; i++) world.join({.group = "g" + std::to_string(i)});
    CHECK_EQ(world.groups.all().size(), 1'000u);
    world.pass(9'999);
    CHECK_EQ(world.groups.all().size(), 1'000u);
    world.pass(1);
    CHECK_EQ(world.groups.all().size(), 0u);
    CHECK(world.tables.empty());
}

TEST("group: a rebalance waits for pending ids, but not longer than their session timeout") {
    World world;
    const auto ids = world.stable_group(1, {.session_ms = 60'000});
    world.join({});
    const Ticket a = world.join({.member = ids[0]});
    CHECK(!world.answered(a));
    world.pass(10'000);
    CHECK_EQ(world.joined(a).generation_id, 2);
}

TEST("group: a pending id that is given back makes a Stable group rebalance, as in Kafka") {
    World world;
    const auto ids = world.stable_group(1);
    const Ticket pending = world.join({});
    CHECK_EQ(world.leave("unknown"), ErrorCode::unknown_member_id);
    CHECK_EQ(world.state(), std::string("Stable"));
    CHECK_EQ(world.leave(world.joined(pending).member_id), ErrorCode::none);
    CHECK_EQ(world.state(), std::string("PreparingRebalance"));
    CHECK_EQ(world.joined(world.join({.member = ids[0]})).generation_id, 2);
}

TEST("group: the last ten thousand ids that were given out are waited for, the others with their groups "
     "forgotten") {
    World world;
    std::vector<std::string> ids;
    const auto ask_for_ids = [&](int count, const std::string& group) {
        for (int i = 0; i < count; i++) ids.push_back(world.joined(world.join({.group = group})).member_id);
    };
    const auto code = [&](const std::string& group, const std::string& id) {
        return world.joined(world.join({.group = group, .member = id})).error_code;
    };
    const std::string member = world.stable_group(1, {.group = "rebalancing"})[0];
    ask_for_ids(1, "first");
    ask_for_ids(1, "rebalancing");
    const Ticket waits = world.join({.group = "rebalancing", .member = member});
    ask_for_ids(10'000 - 2, "many");
    CHECK_EQ(world.state("first"), std::string("Empty"));

    ask_for_ids(1, "many");
    CHECK_EQ(world.state("first"), std::string("none"));
    CHECK_EQ(code("first", ids[0]), ErrorCode::unknown_member_id);
    CHECK(!world.answered(waits));
    ask_for_ids(1, "many");
    CHECK_EQ(world.joined(waits).error_code, ErrorCode::none); // does not wait for that id any more
    CHECK_EQ(world.joined(waits).members.size(), 1u);
    ask_for_ids(1, "many");
    CHECK_EQ(code("many", ids[2]), ErrorCode::unknown_member_id);

    const Ticket joins = world.join({.group = "many", .member = ids[3]});
    CHECK(!world.answered(joins)); // with the others, when they have come
    ask_for_ids(1, "many");
    world.leave({{ids[3], {}, {}}}, "many");
    CHECK_EQ(world.joined(joins).error_code, ErrorCode::unknown_member_id);
    world.check_stored();
}
