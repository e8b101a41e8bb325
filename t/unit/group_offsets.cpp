// What groups commit: who may, what is kept, how it is shown and deleted.
#include "group_world.h"

using namespace group_test;

namespace {

ErrorCode delete_offset(World& world, const std::string& topic, int32_t partition,
                        const std::string& group = "g") {
    const wire::offset_delete::Request request{group, {{topic, {{partition}}}}};
    const Ticket ticket = world.ask(
        0, [&](Turn& turn, const Caller& caller) { world.groups.delete_offsets(turn, caller, request); });
    const auto& response = world.answer<wire::offset_delete::Response>(ticket);
    if (response.error_code != ErrorCode::none) return response.error_code;
    return response.topics[0].partitions[0].error_code;
}

} // namespace

TEST("group: a consumer without a group commits, and is listed as a simple group") {
    World world;
    CHECK_EQ(world.commit("orders", 1, 42), ErrorCode::none);
    CHECK_EQ(world.commit("orders", 2, 0), ErrorCode::none);
    CHECK_EQ(world.committed("orders", 1), 42);
    CHECK_EQ(world.committed("orders", 2), 0);
    CHECK_EQ(world.committed("orders", 3), -1);
    CHECK_EQ(world.committed("orders", 1, "other"), -1);
    CHECK_EQ(world.state(), std::string("Empty"));
    CHECK_EQ(world.tables.groups_["g"].protocol_type, std::string());
    CHECK_EQ(world.commit("orders", 1, 7, "", -1, ""),
             ErrorCode::none); // the empty id is a group like others
    CHECK_EQ(world.committed("orders", 1, ""), 7);
    world.check_stored();
    world.restart();
    CHECK_EQ(world.committed("orders", 1), 42);
    world.check_stored();
}

TEST("group: who may commit") {
    World world;
    CHECK_EQ(world.commit("orders", 0, 1, "m", 3, "none", 8), ErrorCode::illegal_generation);
    CHECK_EQ(world.commit("orders", 0, 1, "m", 3, "none", 9), ErrorCode::group_id_not_found);
    CHECK_EQ(world.commit("orders", 0, 1, "", -1, std::string(1'001, 'g')), ErrorCode::invalid_group_id);
    CHECK_EQ(world.state("none"), std::string("none"));
    const auto ids = world.stable_group(2);
    CHECK_EQ(world.commit("orders", 0, 1), ErrorCode::unknown_member_id);
    CHECK_EQ(world.commit("orders", 0, 1, "m", 1), ErrorCode::unknown_member_id);
    CHECK_EQ(world.commit("orders", 0, 1, ids[0], 0), ErrorCode::illegal_generation);
    CHECK_EQ(world.commit("orders", 0, 1, ids[0], 2), ErrorCode::illegal_generation);
    CHECK_EQ(world.commit("orders", 0, 1, ids[0], -1), ErrorCode::illegal_generation);
    CHECK_EQ(world.committed("orders", 0), -1);
    CHECK_EQ(world.commit("orders", 0, 1, ids[0], 1), ErrorCode::none);

    // While members join again: yes, by the generation that they have. While the leader assigns: no.
    world.join({.member = ids[0]});
    CHECK_EQ(world.commit("orders", 0, 2, ids[1], 1), ErrorCode::none);
    world.join({.member = ids[1]});
    CHECK_EQ(world.commit("orders", 0, 3, ids[1], 1), ErrorCode::illegal_generation);
    CHECK_EQ(world.commit("orders", 0, 3, ids[1], 2), ErrorCode::rebalance_in_progress);
    CHECK_EQ(world.committed("orders", 0), 2);

    // The group is empty again: anybody without a generation.
    world.pass(200'000);
    CHECK_EQ(world.state(), std::string("Empty"));
    CHECK_EQ(world.commit("orders", 0, 4, ids[1], 2), ErrorCode::unknown_member_id);
    CHECK_EQ(world.commit("orders", 0, 4), ErrorCode::none);
    world.check_stored();
}

TEST("group: a member commits before its group's first generation is complete") {
    World world;
    const Ticket a = world.join_with_id({});
    world.pass(3'000);
    const std::string id = world.joined(a).member_id;
    world.join_with_id({}); // a rebalance before anything is stored
    CHECK_EQ(world.commit("orders", 0, 1, id, 1), ErrorCode::none);
    world.check_stored();
    world.restart();
    CHECK_EQ(world.state(), std::string("Empty"));
    CHECK_EQ(world.classic().generation(), 1);
    CHECK_EQ(world.committed("orders", 0), 1);
}

TEST("group: a commit's errors are of its partitions") {
    World world;
    wire::offset_commit::Request request = commit_of("orders", std::string(4'096, 'm'));
    request.topics[0].partitions.push_back({4, 1, -1, ""});
    request.topics[0].partitions.push_back({-1, 1, -1, ""});
    request.topics[0].partitions.push_back({1, 1, -1, std::string(4'097, 'm')});
    request.topics.push_back({"none", {}, {{0, 1, -1, ""}}});
    const auto response = world.commit(request, 9);
    CHECK_EQ(response.topics.size(), 2u);
    CHECK_EQ(response.topics[0].name, std::string("orders"));
    const auto& partitions = response.topics[0].partitions;
    CHECK_EQ(partitions.size(), 4u);
    CHECK_EQ(partitions[0].error_code, ErrorCode::none);
    CHECK_EQ(partitions[1].error_code, ErrorCode::unknown_topic_or_partition);
    CHECK_EQ(partitions[2].error_code, ErrorCode::unknown_topic_or_partition);
    CHECK_EQ(partitions[3].error_code, ErrorCode::offset_metadata_too_large);
    CHECK_EQ(response.topics[1].partitions[0].error_code, ErrorCode::unknown_topic_or_partition);
    CHECK_EQ(world.tables.offsets_.size(), 1u);
    // The limit is one of characters.
    std::string greek;
    for (int i = 0; i < 4'096; i++) greek += "\xce\xb1";
    CHECK_EQ(world.commit(commit_of("orders", greek), 9).topics[0].partitions[0].error_code, ErrorCode::none);
    CHECK_EQ(world.commit(commit_of("orders", greek + "."), 9).topics[0].partitions[0].error_code,
             ErrorCode::offset_metadata_too_large);
    // Nothing that could be stored: there is no group.
    request = commit_of("none", "");
    request.group_id = "other";
    world.commit(request, 9);
    CHECK_EQ(world.state("other"), std::string("none"));
}

TEST("group: metadata and leader epochs are kept; topics by id since version 10") {
    World world;
    wire::offset_commit::Request commit = commit_of("", "here");
    commit.topics[0].topic_id = world.topics["orders"].id;
    wire::Uuid none{};
    none[0] = 9;
    commit.topics.push_back({"", none, {{0, 1, -1, ""}}});
    auto response = world.commit(commit, 10);
    CHECK_EQ(response.topics[0].partitions[0].error_code, ErrorCode::none);
    CHECK(response.topics[0].topic_id == world.topics["orders"].id);
    CHECK_EQ(response.topics[1].partitions[0].error_code, ErrorCode::unknown_topic_id);
    world.commit(commit_of("events", std::nullopt), 9);

    wire::offset_fetch::Request fetch;
    fetch.groups = {{"g", {}, -1, std::nullopt}, {"none", {}, -1, std::nullopt}};
    auto fetched = world.groups.fetch_offsets(world.lookup(), 9, fetch);
    CHECK_EQ(fetched.groups.size(), 2u);
    CHECK_EQ(fetched.groups[1].group_id, std::string("none"));
    CHECK(fetched.groups[1].topics.empty());
    CHECK_EQ(fetched.groups[0].topics.size(), 2u);
    const auto& orders = fetched.groups[0].topics[0];
    CHECK_EQ(orders.name, std::string("orders"));
    CHECK_EQ(orders.partitions[0].committed_offset, 7);
    CHECK_EQ(orders.partitions[0].committed_leader_epoch, 3);
    CHECK_EQ(orders.partitions[0].metadata.value_or("null"), std::string("here"));
    CHECK_EQ(fetched.groups[0].topics[1].partitions[0].metadata.value_or("null"), std::string(""));

    fetch.groups = {{"g", {}, -1, {{{"", world.topics["orders"].id, {0, 1}}, {"", none, {0}}}}}};
    fetched = world.groups.fetch_offsets(world.lookup(), 10, fetch);
    const auto& topics = fetched.groups[0].topics;
    CHECK_EQ(topics[0].partitions[0].committed_offset, 7);
    CHECK_EQ(topics[0].partitions[1].committed_offset, -1);
    CHECK_EQ(topics[0].partitions[1].committed_leader_epoch, -1);
    CHECK_EQ(topics[0].partitions[1].metadata.value_or("null"), std::string(""));
    CHECK_EQ(topics[1].partitions[0].error_code, ErrorCode::unknown_topic_id);

    // Before, a topic that nobody knows has nothing committed, and that is no error.
    fetch = {};
    fetch.group_id = "g";
    fetch.topics = {{"none", {}, {0}}};
    fetched = world.groups.fetch_offsets(world.lookup(), 1, fetch);
    CHECK_EQ(fetched.topics[0].partitions[0].error_code, ErrorCode::none);
    CHECK_EQ(fetched.topics[0].partitions[0].committed_offset, -1);
    fetch.topics = std::nullopt;
    fetched = world.groups.fetch_offsets(world.lookup(), 2, fetch);
    CHECK_EQ(fetched.topics.size(), 2u);
    CHECK_EQ(fetched.error_code, ErrorCode::none);
}

TEST("group: what was committed is shown once, however often a request asks for it") {
    World world;
    world.commit(commit_of("orders", std::string(4'096, 'm')), 9);
    wire::offset_fetch::Request fetch;
    fetch.group_id = "g";
    fetch.topics = {
        {"orders", {}, std::vector<int32_t>(1'000, 0)}, {"events", {}, {0, 0}}, {"orders", {}, {0, 1}}};
    const auto once = [&](const auto& topics) {
        CHECK_EQ(topics.size(), 3u);
        CHECK_EQ(topics[0].partitions.size(), 1u);
        CHECK_EQ(topics[0].partitions[0].committed_offset, 7);
        CHECK_EQ(topics[0].partitions[0].metadata.value_or("null").size(), 4'096u);
        CHECK_EQ(topics[1].partitions.size(), 2u);
        CHECK_EQ(topics[2].name, std::string("orders"));
        CHECK_EQ(topics[2].partitions.size(), 1u);
        CHECK_EQ(topics[2].partitions[0].partition_index, 1);
        CHECK_EQ(topics[2].partitions[0].committed_offset, -1);
    };
    once(world.groups.fetch_offsets(world.lookup(), 7, fetch).topics);
    fetch.groups = {{"g", {}, -1, {}}};
    fetch.groups[0].topics.emplace();
    for (const auto& topic : *fetch.topics)
        fetch.groups[0].topics->push_back({topic.name, {}, topic.partition_indexes});
    once(world.groups.fetch_offsets(world.lookup(), 9, fetch).groups[0].topics);
}

TEST("group: offsets of topics that a member's regular expression matches are kept") {
    World world;
    wire::consumer_group_heartbeat::Request request;
    request.group_id = "g";
    request.member_id = "m";
    request.rebalance_timeout_ms = 30'000;
    request.subscribed_topic_regex = "o.*";
    request.topic_partitions.emplace();
    const auto beat = [&](int32_t epoch) {
        request.member_epoch = epoch;
        world.ask(1, [&](Turn& turn, const Caller& caller) {
            world.groups.consumer_heartbeat(turn, caller, request);
        });
    };
    beat(0);
    world.commit("orders", 0, 5, "m", 1);
    world.commit("events", 0, 5, "m", 1);
    CHECK_EQ(delete_offset(world, "orders", 0), ErrorCode::group_subscribed_to_topic);
    CHECK_EQ(world.tables.offsets_.size(), 2u);
    world.settings.offsets_retention_minutes = 0;
    world.now.time += std::chrono::minutes(10);
    beat(1);
    world.tick();
    CHECK_EQ(world.committed("orders", 0), 5);
    CHECK_EQ(world.committed("events", 0), -1);
}

TEST("group: OffsetDelete") {
    World world;
    CHECK_EQ(delete_offset(world, "orders", 0), ErrorCode::group_id_not_found);
    CHECK_EQ(delete_offset(world, "orders", 0, ""), ErrorCode::invalid_group_id);
    world.commit("orders", 0, 5);
    world.commit("orders", 1, 5);
    CHECK_EQ(delete_offset(world, "none", 0), ErrorCode::unknown_topic_or_partition);
    CHECK_EQ(delete_offset(world, "orders", 9), ErrorCode::unknown_topic_or_partition);
    CHECK_EQ(delete_offset(world, "orders", 0), ErrorCode::none);
    CHECK_EQ(delete_offset(world, "orders", 0), ErrorCode::none); // gone already
    CHECK_EQ(world.committed("orders", 0), -1);
    CHECK_EQ(world.committed("orders", 1), 5);

    // Consumers that are alive protect what they subscribe to, and others protect everything.
    world.commit("events", 0, 5);
    world.stable_group(1, {.protocols = {{"range", subscription({"orders"})}}});
    CHECK_EQ(delete_offset(world, "orders", 1), ErrorCode::group_subscribed_to_topic);
    CHECK_EQ(delete_offset(world, "events", 0), ErrorCode::none);
    world.commit("orders", 0, 5, "", -1, "connect");
    world.stable_group(1, {.group = "connect", .type = "connect"});
    CHECK_EQ(delete_offset(world, "orders", 0, "connect"), ErrorCode::non_empty_group);
    // A subscription that cannot be read protects all.
    world.commit("orders", 0, 5, "", -1, "odd");
    world.stable_group(1, {.group = "odd", .protocols = {{"range", "odd"}}});
    CHECK_EQ(delete_offset(world, "orders", 0, "odd"), ErrorCode::group_subscribed_to_topic);
    world.check_stored();
}

TEST("group: groups that are named again and again are answered once") {
    World world;
    world.commit("orders", 0, 1);
    wire::offset_fetch::Request fetch;
    fetch.groups.resize(3, {"g", std::nullopt, -1, std::nullopt});
    CHECK_EQ(world.groups.fetch_offsets(world.lookup(), 8, fetch).groups.size(), 1u);
    wire::describe_groups::Request describe;
    describe.groups = {"g", "none", "g"};
    CHECK_EQ(world.groups.describe(5, describe).groups.size(), 2u);
    wire::consumer_group_describe::Request consumers;
    consumers.group_ids = {"g", "g"};
    CHECK_EQ(world.groups.describe_consumers(world.lookup(), world.settings, consumers).groups.size(), 1u);
}
