// What groups commit, and how long it is kept.
#include "group_world.h"

#include <limits>

using namespace group_test;

namespace {

constexpr int64_t day_ms = 24 * 60 * 60 * 1'000;

ErrorCode delete_offset(World& world, const std::string& topic, int32_t partition,
                        const std::string& group = "g") {
    const wire::offset_delete::Request request{group, {{topic, {{partition}}}}};
    const Ticket ticket = world.ask(
        0, [&](Turn& turn, const Caller& caller) { world.groups.delete_offsets(turn, caller, request); });
    const auto& response = world.answer<wire::offset_delete::Response>(ticket);
    if (response.error_code != ErrorCode::none) return response.error_code;
    return response.topics[0].partitions[0].error_code;
}

wire::offset_commit::Request commit_of(const std::string& topic, std::optional<std::string> metadata) {
    wire::offset_commit::Request request;
    request.group_id = "g";
    request.topics.push_back({topic, {}, {{0, 7, 3, std::move(metadata)}}});
    return request;
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
        Turn counted{turn.now, turn.settings, counting, turn.new_id, turn.effects};
        world.groups.tick(counted);
    });
    CHECK_EQ(asked, 2);
    CHECK_EQ(world.tables.offsets_.size(), 8u);
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
