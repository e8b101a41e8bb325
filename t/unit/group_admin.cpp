// ListGroups, DescribeGroups and DeleteGroups.
#include "group_world.h"

using namespace group_test;

namespace {

std::string listed(const World& world, const std::vector<std::string>& states,
                   const std::vector<std::string>& types = {}) {
    std::string all;
    for (const auto& group : world.groups.list({states, types}).groups)
        all += group.group_id + "/" + group.protocol_type + "/" + group.group_state + "/" + group.group_type +
               " ";
    return all;
}

std::vector<ErrorCode> deleted(World& world, const std::vector<std::string>& ids) {
    const Ticket ticket = world.ask(
        2, [&](Turn& turn, const Caller& caller) { world.groups.delete_groups(turn, caller, {ids}); });
    std::vector<ErrorCode> codes;
    for (const auto& result : world.answer<wire::delete_groups::Response>(ticket).results)
        codes.push_back(result.error_code);
    return codes;
}

} // namespace

TEST("group: groups are listed with state and type, and filtered by them") {
    World world;
    world.stable_group(1, {.group = "a"});
    world.stable_group(1, {.group = "b", .type = "connect"});
    world.commit("orders", 0, 1, "", -1, "simple");
    CHECK_EQ(listed(world, {}), std::string("a/consumer/Stable/classic b/connect/Stable/classic "
                                            "simple//Empty/classic "));
    CHECK_EQ(listed(world, {" stable"}), std::string("a/consumer/Stable/classic b/connect/Stable/classic "));
    CHECK_EQ(listed(world, {"EMPTY", "Dead"}), std::string("simple//Empty/classic "));
    CHECK_EQ(listed(world, {"none"}), std::string());
    CHECK_EQ(listed(world, {}, {"Consumer"}), std::string());
    CHECK_EQ(listed(world, {"Empty"}, {"Classic"}), std::string("simple//Empty/classic "));
}

TEST("group: a Stable group is described with metadata and assignments, another without") {
    World world;
    const auto ids = world.stable_group(2);
    const auto described = [&](int16_t version, const std::string& group) {
        return world.groups.describe(version, {{group}, false}).groups[0];
    };
    auto group = described(5, "g");
    CHECK_EQ(group.group_state, std::string("Stable"));
    CHECK_EQ(group.protocol_type, std::string("consumer"));
    CHECK_EQ(group.protocol_data, std::string("range"));
    CHECK_EQ(group.members.size(), 2u);
    CHECK_EQ(group.members[0].member_id, ids[0]);
    CHECK_EQ(group.members[0].client_id, std::string("client"));
    CHECK_EQ(group.members[0].client_host, std::string("/127.0.0.1"));
    CHECK_EQ(group.members[0].member_metadata.data, wire::View("subscription"));
    CHECK_EQ(std::string(group.members[1].member_assignment.data), "part of " + ids[1]);

    world.join({.member = ids[0]});
    group = described(5, "g");
    CHECK_EQ(group.group_state, std::string("PreparingRebalance"));
    CHECK_EQ(group.protocol_data, std::string());
    CHECK_EQ(group.members.size(), 2u);
    CHECK_EQ(group.members[0].member_metadata.data, wire::View(""));
    CHECK_EQ(std::string(group.members[0].member_assignment.data),
             "part of " + ids[0]); // that of the last generation

    world.joined(world.join({.member = ids[1]}));
    CHECK_EQ(std::string(described(5, "g").members[0].member_assignment.data), "part of " + ids[0]);
    world.leave(ids[1]); // what was about to be assigned will not be
    CHECK_EQ(described(5, "g").members[0].member_assignment.data, wire::View(""));

    group = described(5, "none");
    CHECK_EQ(group.group_state, std::string("Dead"));
    CHECK_EQ(group.error_code, ErrorCode::none);
    group = described(6, "none");
    CHECK_EQ(group.group_state, std::string("Dead"));
    CHECK_EQ(group.error_code, ErrorCode::group_id_not_found);
    CHECK_EQ(group.error_message.value_or(""), std::string("Group none not found."));
}

TEST("group: only groups without members are deleted, with all that they had") {
    World world;
    const auto ids = world.stable_group(1);
    world.commit("orders", 0, 1, ids[0], 1);
    world.commit("orders", 0, 1, "", -1, "simple");
    auto codes = deleted(world, {"g", "simple", "none", "simple"});
    CHECK_EQ(codes[0], ErrorCode::non_empty_group);
    CHECK_EQ(codes[1], ErrorCode::none);
    CHECK_EQ(codes[2], ErrorCode::group_id_not_found);
    CHECK_EQ(codes[3], ErrorCode::group_id_not_found);
    CHECK_EQ(world.tables.offsets_.size(), 1u);
    world.leave(ids[0]);
    CHECK_EQ(deleted(world, {"g"})[0], ErrorCode::none);
    CHECK(world.tables.empty());
    CHECK_EQ(world.committed("orders", 0), -1);
    CHECK_EQ(world.commit("orders", 0, 1, ids[0], 1), ErrorCode::group_id_not_found);
    world.check_stored();

    // Deleted while somebody is about to join: the id that was given out is worth nothing any more.
    world.commit("orders", 0, 1);
    const std::string id = world.joined(world.join({})).member_id;
    CHECK_EQ(deleted(world, {"g"})[0], ErrorCode::none);
    CHECK_EQ(world.joined(world.join({.member = id})).error_code, ErrorCode::unknown_member_id);
}
