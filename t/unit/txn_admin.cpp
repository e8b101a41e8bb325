// What operators ask for: DescribeTransactions, ListTransactions, WriteTxnMarkers.
#include "txn_world.h"

#include <random>

using namespace txn_test;

namespace {

using Listing = wire::list_transactions::Request;

wire::describe_transactions::Response describe(const World& world, const std::vector<std::string>& ids) {
    return world.transactions.describe(world.lookup(), {ids});
}

/// "a Empty 101, b Ongoing 102"
std::string listed(const World& world, const Listing& request) {
    std::string text;
    const auto response = world.transactions.list(world.now.ms, request);
    CHECK_EQ(response.error_code, ErrorCode::none);
    for (const auto& state : response.transaction_states)
        text += (text.empty() ? "" : ", ") + state.transactional_id + " " + state.transaction_state + " " +
                std::to_string(state.producer_id);
    return text;
}

/// Transactional ids a to d, in all states, begun 3, 2 and 1 seconds ago.
World world_of_four() {
    World world;
    world.init("a");
    const Producer b = world.init("b"), c = world.init("c"), d = world.init("d");
    CHECK_EQ(world.produce(b, "orders", 0, "x"), ErrorCode::none);
    world.pass(1'000);
    CHECK_EQ(world.produce(c, "orders", 0, "x"), ErrorCode::none);
    CHECK_EQ(world.end(c, true, 4).error_code, ErrorCode::none);
    world.pass(1'000);
    CHECK_EQ(world.produce(d, "orders", 0, "x"), ErrorCode::none);
    CHECK_EQ(world.end(d, false, 4).error_code, ErrorCode::none);
    world.pass(1'000);
    return world;
}

wire::write_txn_markers::WritableTxnMarker marker(const Producer& producer, const std::string& topic,
                                                  const std::vector<int32_t>& partitions) {
    return {producer.producer_id, producer.epoch, false, {{topic, partitions}}, 0, 0};
}

ErrorCode write(World& world, const wire::write_txn_markers::WritableTxnMarker& one, int16_t version = 2) {
    const auto response = world.write_markers({{one}}, version);
    CHECK_EQ(response.markers.at(0).producer_id, one.producer_id);
    return response.markers.at(0).topics.at(0).partitions.at(0).error_code;
}

} // namespace

TEST("txn: transactions are described, each once") {
    World world;
    const Producer empty = world.init("a"), producer = world.init("b", 30'000);
    world.pass(1'000);
    const int64_t begun = world.now.ms;
    CHECK_EQ(world.produce(producer, "orders", 3, "x"), ErrorCode::none);
    CHECK_EQ(world.produce(producer, "orders", 1, "x"), ErrorCode::none);
    CHECK_EQ(world.produce(producer, "events", 0, "x"), ErrorCode::none);
    world.pass(1'000);
    const auto states = describe(world, {"b", "", "x", "a", "b"}).transaction_states;
    CHECK_EQ(states.size(), size_t(4));
    CHECK_EQ(states[0].error_code, ErrorCode::none);
    CHECK_EQ(states[0].transactional_id, std::string("b"));
    CHECK_EQ(states[0].transaction_state, std::string("Ongoing"));
    CHECK_EQ(states[0].transaction_timeout_ms, 30'000);
    CHECK_EQ(states[0].transaction_start_time_ms, begun);
    CHECK_EQ(states[0].producer_id, producer.producer_id);
    CHECK_EQ(states[0].producer_epoch, 0);
    CHECK_EQ(states[0].topics.size(), size_t(2));
    CHECK_EQ(states[0].topics[0].topic, std::string("events"));
    CHECK(states[0].topics[0].partitions == std::vector<int32_t>{0});
    CHECK_EQ(states[0].topics[1].topic, std::string("orders"));
    CHECK(states[0].topics[1].partitions == (std::vector<int32_t>{1, 3}));
    CHECK_EQ(states[1].error_code, ErrorCode::invalid_request);
    CHECK_EQ(states[2].error_code, ErrorCode::transactional_id_not_found);
    CHECK_EQ(states[2].transactional_id, std::string("x"));
    CHECK_EQ(states[2].transaction_state, std::string());
    CHECK_EQ(states[3].transaction_state, std::string("Empty"));
    CHECK_EQ(states[3].transaction_start_time_ms, -1);
    CHECK_EQ(states[3].producer_id, empty.producer_id);
    CHECK(states[3].topics.empty());

    CHECK_EQ(world.end(producer, true, 4).error_code, ErrorCode::none);
    const auto after = describe(world, {"b"}).transaction_states;
    CHECK_EQ(after[0].transaction_state, std::string("CompleteCommit"));
    CHECK_EQ(after[0].transaction_start_time_ms, begun);
    CHECK(after[0].topics.empty());
    CHECK(describe(world, {}).transaction_states.empty());
}

TEST("txn: partitions of a topic that is not there any more are not described") {
    World world;
    const Producer producer = world.init();
    for (const char* topic : {"orders", "events"})
        for (const int32_t partition : {0, 1})
            CHECK_EQ(world.produce(producer, topic, partition, "x"), ErrorCode::none);
    world.topics.erase("events");
    const auto states = describe(world, {"t"}).transaction_states;
    CHECK_EQ(states[0].topics.size(), size_t(1));
    CHECK_EQ(states[0].topics[0].topic, std::string("orders"));
    CHECK(states[0].topics[0].partitions == (std::vector<int32_t>{0, 1}));
}

TEST("txn: transactions are listed by state, producer, duration and pattern") {
    const World world = world_of_four();
    const std::string a = "a Empty 101", b = "b Ongoing 102", c = "c CompleteCommit 103",
                      d = "d CompleteAbort 104";
    CHECK_EQ(listed(world, {}), a + ", " + b + ", " + c + ", " + d);
    CHECK_EQ(listed(world, {{"Ongoing"}, {}, -1, {}}), b);
    CHECK_EQ(listed(world, {{"Empty", "CompleteAbort"}, {}, -1, {}}), a + ", " + d);
    CHECK_EQ(listed(world, {{"PrepareCommit", "PrepareAbort", "Dead", "PrepareEpochFence"}, {}, -1, {}}),
             std::string());
    CHECK_EQ(listed(world, {{}, {103, 101, 999}, -1, {}}), a + ", " + c);
    CHECK_EQ(listed(world, {{"Ongoing"}, {103}, -1, {}}), std::string());
    CHECK_EQ(listed(world, {{}, {}, 2'000, {}}), a + ", " + b); // one that has never begun has begun long ago
    CHECK_EQ(listed(world, {{}, {}, 2'999, {}}), a + ", " + b);
    CHECK_EQ(listed(world, {{}, {}, 3'000, {}}), a);
    CHECK_EQ(listed(world, {{}, {}, 0, {}}), a + ", " + b + ", " + c + ", " + d);
    CHECK_EQ(listed(world, {{}, {}, -1, "[bc]"}), b + ", " + c);
    CHECK_EQ(listed(world, {{}, {}, -1, "b.+"}), std::string()); // as a whole
    CHECK_EQ(listed(world, {{}, {}, -1, ""}), a + ", " + b + ", " + c + ", " + d);
}

TEST("txn: a filter for what is no state is said to be none, and takes nothing") {
    const World world = world_of_four();
    const auto response = world.transactions.list(world.now.ms, {{"ongoing", "Empty", "x", "x"}, {}, -1, {}});
    CHECK(response.unknown_state_filters == (std::vector<std::string>{"ongoing", "x"}));
    CHECK_EQ(response.transaction_states.size(), size_t(1));
    CHECK(world.transactions.list(world.now.ms, {{"x"}, {}, -1, {}}).transaction_states.empty());
}

TEST("txn: a pattern that is not legal, or takes too long, is refused") {
    World world = world_of_four();
    CHECK_EQ(world.transactions.list(world.now.ms, {{}, {}, -1, "("}).error_code,
             ErrorCode::invalid_regular_expression);
    std::mt19937 random(1);
    for (int i = 0; i < 300; i++) {
        std::string id;
        while (id.size() < 900) id += random() % 2 ? 'a' : 'b';
        world.init(id);
    }
    const std::string pattern = "(a|b)*a(a|b){400}c";
    CHECK_EQ(world.transactions.list(world.now.ms, {{}, {}, -1, pattern}).error_code,
             ErrorCode::invalid_regular_expression);
    CHECK_EQ(world.transactions.list(world.now.ms, {{}, {}, -1, "[ab]{900}"}).transaction_states.size(),
             size_t(300));
}

TEST("txn: markers end what is open in single partitions, and the transaction goes on") {
    for (const int16_t version : {int16_t(1), int16_t(2)})
        for (const bool commit : {false, true}) {
            World world;
            Producer producer = world.init();
            CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
            CHECK_EQ(world.produce(producer, "orders", 1, "b"), ErrorCode::none);
            CHECK_EQ(world.commit(producer, "events", 0, 5), ErrorCode::none);
            auto request = marker(producer, "orders", {0});
            request.transaction_result = commit;
            request.coordinator_epoch = 3;
            CHECK_EQ(write(world, request, version), ErrorCode::none);
            CHECK_EQ(world.log("orders", 0).back(), std::string(commit ? "commit 101/0" : "abort 101/0"));
            CHECK_EQ(world.ends.at(0).coordinator_epoch, 3);
            CHECK(world.ends.at(0).offsets.empty());
            CHECK(!world.transactions.first_open_offset(world.partition("orders", 0)));
            CHECK_EQ(*world.transactions.first_open_offset(world.partition("orders", 1)), 0);
            CHECK(world.row().state == State::ongoing);
            world.check_stored();
            CHECK_EQ(world.produce(producer, "orders", 0, "c"), ErrorCode::none);
            CHECK_EQ(*world.transactions.first_open_offset(world.partition("orders", 0)), 2);
            CHECK_EQ(world.end(producer, !commit), ErrorCode::none);
            CHECK(world.read("orders", 0) == std::vector<std::string>{commit ? "a" : "c"});
            CHECK_EQ(world.committed("events", 0), commit ? -1 : 5);
            world.check_stored();
        }
}

TEST("txn: which markers are refused") {
    World world;
    world.init();
    Producer producer = world.init();
    CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
    auto request = marker(producer, "orders", {0});
    request.producer_epoch = 0;
    CHECK_EQ(write(world, request), ErrorCode::invalid_producer_epoch);
    request = marker(producer, "orders", {0});
    request.transaction_version = 2; // its markers are above the epoch
    CHECK_EQ(write(world, request), ErrorCode::invalid_producer_epoch);
    request.transaction_version = 1;
    request.coordinator_epoch = -1;
    CHECK_EQ(write(world, request), ErrorCode::transaction_coordinator_fenced);
    CHECK_EQ(write(world, marker(producer, "orders", {4})), ErrorCode::unknown_topic_or_partition);
    CHECK_EQ(write(world, marker(producer, "nothing", {0})), ErrorCode::unknown_topic_or_partition);
    CHECK(world.ends.empty());
    request = marker(producer, "orders", {0});
    request.transaction_version = 2;
    request.producer_epoch++;
    CHECK_EQ(write(world, request), ErrorCode::none);
    CHECK_EQ(world.log("orders").back(), std::string("abort 101/2"));
}

TEST("txn: markers where nothing is open are nothing") {
    World world;
    Producer producer = world.init();
    CHECK_EQ(world.add(producer, "orders", 0), ErrorCode::none);
    CHECK_EQ(write(world, marker(producer, "orders", {0})), ErrorCode::none); // added, not written to
    CHECK_EQ(write(world, marker(producer, "orders", {1})), ErrorCode::none);
    CHECK_EQ(write(world, marker({"x", 999, 0}, "orders", {0})), ErrorCode::none);
    CHECK(world.ends.empty());
    CHECK(world.write_markers({}).markers.empty());
}

TEST("txn: an end tells what is open after it, though the same request ends that, too") {
    World world;
    Producer t = world.init("t"), u = world.init("u"), v = world.init("v");
    for (Producer* producer : {&t, &u, &v})
        CHECK_EQ(world.produce(*producer, "orders", 0, "x"), ErrorCode::none);
    (void)world.write_markers(
        {{marker(t, "orders", {0}), marker(v, "orders", {0}), marker(u, "orders", {0})}}, 2);
    CHECK_EQ(world.ends.size(), size_t(3));
    CHECK(world.ends[0].partitions == (std::vector<EndedPartition>{{world.partition("orders", 0), 0, 1}}));
    CHECK(world.ends[1].partitions == (std::vector<EndedPartition>{{world.partition("orders", 0), 2, 1}}));
    CHECK(world.ends[2].partitions ==
          (std::vector<EndedPartition>{{world.partition("orders", 0), 1, no_offset}}));
}

TEST("txn: one request may have markers of many producers and partitions") {
    World world;
    Producer t = world.init("t"), u = world.init("u");
    for (const int32_t partition : {0, 1, 2}) {
        CHECK_EQ(world.produce(t, "orders", partition, "t"), ErrorCode::none);
        CHECK_EQ(world.produce(u, "orders", partition, "u"), ErrorCode::none);
    }
    const auto response =
        world.write_markers({{marker(t, "orders", {2, 0, 9}), marker(u, "orders", {1})}}, 2);
    CHECK_EQ(response.markers.size(), size_t(2));
    const auto& partitions = response.markers[0].topics.at(0).partitions;
    CHECK_EQ(partitions.size(), size_t(3));
    CHECK_EQ(partitions[0].partition_index, 2);
    CHECK_EQ(partitions[1].error_code, ErrorCode::none);
    CHECK_EQ(partitions[2].error_code, ErrorCode::unknown_topic_or_partition);
    CHECK_EQ(world.ends.size(), size_t(2));
    CHECK_EQ(world.end(t, true), ErrorCode::none);
    CHECK_EQ(world.end(u, true), ErrorCode::none);
    CHECK(world.read("orders", 0) == std::vector<std::string>{"u"});
    CHECK(world.read("orders", 1) == std::vector<std::string>{"t"});
    CHECK(world.read("orders", 2) == std::vector<std::string>{"u"});
    world.check_stored();
}
