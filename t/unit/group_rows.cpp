#include "group/rows.h"
#include "group_world.h"

using namespace group_test;

TEST("group: of a turn's rows the last of each key is written, by table") {
    World world;
    std::vector<Row> rows;
    const auto in_turn = [&](const std::function<void(Turn&)>& body) {
        world.turn([&](Turn& turn) {
            body(turn);
            rows.insert(rows.end(), turn.effects.rows.begin(), turn.effects.rows.end());
        });
    };
    wire::offset_commit::Request commit;
    commit.group_id = "g";
    commit.topics.push_back({"orders", {}, {{1, 5, -1, ""}, {0, 6, -1, ""}}});
    const auto commits = [&](int64_t offset) {
        commit.topics[0].partitions[0].committed_offset = offset;
        world.open.insert(900);
        in_turn([&](Turn& turn) { world.groups.commit_offsets(turn, {900, {}, 9}, commit); });
    };
    commits(1);
    commits(2);
    CHECK_EQ(rows.size(), 5u);
    RowsByTable tables = last_of_each(rows);
    CHECK(tables.removed_groups.empty());
    CHECK_EQ(tables.groups.size(), 1u);
    CHECK_EQ(tables.offsets.size(), 2u);
    CHECK_EQ(tables.offsets[0]->partition, 0);
    CHECK_EQ(tables.offsets[1]->offset, 2);

    // Deleted, and made anew with less.
    world.open.insert(901);
    in_turn([&](Turn& turn) { world.groups.delete_groups(turn, {901, {}, 2}, {{"g"}}); });
    tables = last_of_each(rows);
    CHECK_EQ(tables.removed_groups.size(), 1u);
    CHECK(tables.groups.empty() && tables.offsets.empty());
    commit.topics[0].partitions.pop_back();
    commits(3);
    tables = last_of_each(rows);
    CHECK_EQ(tables.removed_groups.size(), 1u);
    CHECK_EQ(tables.groups.size(), 1u);
    CHECK_EQ(tables.offsets.size(), 1u);
    CHECK_EQ(tables.offsets[0]->offset, 3);

    const kafka::wire::Uuid orders = world.topics["orders"].id;
    world.topics.erase("orders");
    world.groups.topic_deleted(orders, world.now.time);
    in_turn([&](Turn& turn) { world.groups.tick(turn); });
    tables = last_of_each(rows);
    CHECK(tables.offsets.empty());
    CHECK_EQ(tables.removed_offsets.size(), 1u);
}
