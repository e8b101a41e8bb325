// AddPartitionsToTxn, and the batches of transactions.
#include "txn_world.h"

using namespace txn_test;

namespace {

using Request = wire::add_partitions_to_txn::Request;
using Transaction = wire::add_partitions_to_txn::AddPartitionsToTxnTransaction;
using Topics = std::vector<wire::add_partitions_to_txn::AddPartitionsToTxnTopic>;

Request of_client(const Producer& producer, const Topics& topics) {
    return {{}, producer.id, producer.producer_id, producer.epoch, topics};
}

Request of_broker(const std::vector<Transaction>& transactions) { return {transactions, "", 0, 0, {}}; }

Transaction of(const Producer& producer, bool verify_only, const Topics& topics) {
    return {producer.id, producer.producer_id, producer.epoch, verify_only, topics};
}

/// "orders 0 NONE, orders 7 UNKNOWN_TOPIC_OR_PARTITION"
std::string codes(const std::vector<wire::add_partitions_to_txn::AddPartitionsToTxnTopicResult>& topics) {
    std::string text;
    for (const auto& topic : topics)
        for (const auto& partition : topic.results_by_partition)
            text += (text.empty() ? "" : ", ") + topic.name + " " +
                    std::to_string(partition.partition_index) + " " +
                    std::string(wire::name(partition.partition_error_code));
    return text;
}

} // namespace

TEST("txn: partitions are added once, and begin a transaction") {
    for (const int16_t version : {int16_t(0), int16_t(3)}) {
        World world;
        const Producer producer = world.init();
        world.pass(5'000);
        const int64_t begun = world.now.ms;
        const auto response =
            world.add(of_client(producer, {{"orders", {2, 0}}, {"events", {1}}, {"orders", {2}}}), version);
        CHECK_EQ(codes(response.results_by_topic_v3_and_below),
                 std::string("orders 2 NONE, orders 0 NONE, events 1 NONE, orders 2 NONE"));
        CHECK(response.results_by_transaction.empty());
        world.pass(1'000);
        CHECK_EQ(world.add(producer, "events", 3, version), ErrorCode::none);
        const TransactionRow row = world.row();
        CHECK(row.state == State::ongoing);
        CHECK_EQ(row.start_ms, begun);
        CHECK_EQ(row.update_ms, world.now.ms);
        CHECK(row.partitions == (std::vector<AddedPartition>{{world.partition("events", 1)},
                                                             {world.partition("events", 3)},
                                                             {world.partition("orders", 0)},
                                                             {world.partition("orders", 2)}}));
        world.pass(1'000);
        CHECK_EQ(world.add(producer, "events", 3, version), ErrorCode::none); // is there: nothing to store
        CHECK(world.row() == row);
        world.check_stored();
    }
}

TEST("txn: a request without partitions begins a transaction, too") {
    World world;
    const Producer producer = world.init();
    CHECK_EQ(codes(world.add(of_client(producer, {}), 3).results_by_topic_v3_and_below), std::string());
    CHECK(world.row().state == State::ongoing);
}

TEST("txn: all partitions are added or none") {
    World world;
    const Producer producer = world.init();
    const Topics topics{{"orders", {0, 4, -1}}, {"nothing", {0}}, {"events", {1}}};
    const std::string expected = "orders 0 OPERATION_NOT_ATTEMPTED, orders 4 UNKNOWN_TOPIC_OR_PARTITION, "
                                 "orders -1 UNKNOWN_TOPIC_OR_PARTITION, nothing 0 "
                                 "UNKNOWN_TOPIC_OR_PARTITION, events 1 OPERATION_NOT_ATTEMPTED";
    CHECK_EQ(codes(world.add(of_client(producer, topics), 3).results_by_topic_v3_and_below), expected);
    // It is said to whoever asks.
    CHECK_EQ(codes(world.add(of_client({"x", 1, 1}, topics), 0).results_by_topic_v3_and_below), expected);
    for (const bool verify_only : {false, true}) {
        const auto response = world.add(of_broker({of(producer, verify_only, topics)}), 5);
        CHECK_EQ(codes(response.results_by_transaction[0].topic_results), expected);
    }
    CHECK(world.row().state == State::empty);
}

TEST("txn: who may add partitions, and what others are told in each version") {
    World world;
    const Producer old = world.init();
    const Producer producer = world.init();
    for (const int16_t version : {int16_t(0), int16_t(1), int16_t(2), int16_t(3)}) {
        CHECK_EQ(world.add({"", producer.producer_id, producer.epoch}, "orders", 0, version),
                 ErrorCode::invalid_request);
        CHECK_EQ(world.add({"x", producer.producer_id, producer.epoch}, "orders", 0, version),
                 ErrorCode::invalid_producer_id_mapping);
        CHECK_EQ(world.add({"t", 7, producer.epoch}, "orders", 0, version),
                 ErrorCode::invalid_producer_id_mapping);
        const ErrorCode fenced = version < 2 ? ErrorCode::invalid_producer_epoch : ErrorCode::producer_fenced;
        CHECK_EQ(world.add(old, "orders", 0, version), fenced);
        CHECK_EQ(world.add({"t", producer.producer_id, 7}, "orders", 0, version), fenced);
    }
    CHECK(world.row().state == State::empty);
    CHECK_EQ(world.add(producer, "orders", 0), ErrorCode::none);
}

TEST("txn: several transactions in one request, and the question whether partitions were added") {
    World world;
    const Producer t = world.init(), old = world.init("u"), u = world.init("u");
    CHECK_EQ(world.add(t, "orders", 0), ErrorCode::none);
    for (const int16_t version : {int16_t(4), int16_t(5)}) {
        const Tables before = world.tables;
        const auto asked = world.add(
            of_broker({of(t, true, {{"orders", {0, 1}}, {"events", {0}}}), of(old, true, {{"orders", {0}}}),
                       of(t, true, {{"events", {3}}}), // the same id again
                       of({"x", 1, 1}, true, {{"orders", {0}}}), of({"", 1, 1}, true, {{"orders", {0}}})}),
            version);
        CHECK_EQ(asked.error_code, ErrorCode::none);
        CHECK(asked.results_by_topic_v3_and_below.empty());
        CHECK_EQ(asked.results_by_transaction.size(), size_t(4));
        CHECK_EQ(asked.results_by_transaction[0].transactional_id, std::string("t"));
        CHECK_EQ(codes(asked.results_by_transaction[0].topic_results),
                 std::string("orders 0 NONE, orders 1 TRANSACTION_ABORTABLE, events 0 "
                             "TRANSACTION_ABORTABLE"));
        CHECK_EQ(codes(asked.results_by_transaction[1].topic_results),
                 std::string("orders 0 PRODUCER_FENCED"));
        CHECK_EQ(codes(asked.results_by_transaction[2].topic_results),
                 std::string("orders 0 INVALID_PRODUCER_ID_MAPPING"));
        CHECK_EQ(codes(asked.results_by_transaction[3].topic_results),
                 std::string("orders 0 INVALID_REQUEST"));
        CHECK(world.tables == before);
    }
    const auto added =
        world.add(of_broker({of(t, false, {{"orders", {1}}}), of(u, false, {{"events", {2}}})}), 5);
    CHECK_EQ(codes(added.results_by_transaction[0].topic_results), std::string("orders 1 NONE"));
    CHECK_EQ(codes(added.results_by_transaction[1].topic_results), std::string("events 2 NONE"));
    CHECK_EQ(world.row("t").partitions.size(), size_t(2));
    CHECK_EQ(world.row("u").partitions.size(), size_t(1));
    world.check_stored();
}

TEST("txn: until version 11, batches go only where partitions were added") {
    World world;
    const Producer producer = world.init();
    const auto refusal = [&](int16_t version) { return world.produce(producer, "orders", 0, "a", version); };
    CHECK_EQ(refusal(3), ErrorCode::invalid_txn_state);
    CHECK_EQ(refusal(10), ErrorCode::invalid_txn_state);
    CHECK_EQ(refusal(11), ErrorCode::transaction_abortable);
    CHECK_EQ(world.add(producer, "orders", 1), ErrorCode::none);
    CHECK_EQ(refusal(10), ErrorCode::invalid_txn_state); // another partition
    CHECK_EQ(world.add(producer, "orders", 0), ErrorCode::none);
    CHECK_EQ(refusal(3), ErrorCode::none);
    CHECK_EQ(refusal(11), ErrorCode::none);
    CHECK_EQ(world.end(producer, true, 4).error_code, ErrorCode::none);
    CHECK_EQ(refusal(11), ErrorCode::transaction_abortable); // that was the last transaction
    CHECK(world.log("orders") == (std::vector<std::string>{"a", "a", "commit 101/0"}));
}

TEST("txn: since version 12 batches begin a transaction and add their partition") {
    for (const int16_t version : {int16_t(12), int16_t(13)}) {
        World world;
        Producer producer = world.init();
        world.pass(1'000);
        CHECK_EQ(world.produce(producer, "orders", 0, "a", version), ErrorCode::none);
        CHECK_EQ(world.row().start_ms, world.now.ms);
        world.check_stored();
        CHECK_EQ(world.produce(producer, "orders", 1, "b", version), ErrorCode::none);
        CHECK_EQ(world.produce(producer, "orders", 0, "c", version), ErrorCode::none);
        CHECK(world.row().partitions == (std::vector<AddedPartition>{{world.partition("orders", 0), 0},
                                                                     {world.partition("orders", 1), 0}}));
        CHECK_EQ(world.end(producer, true), ErrorCode::none);
        CHECK(world.read("orders") == (std::vector<std::string>{"a", "c"}));
        world.check_stored();
    }
}

TEST("txn: whose batches are refused, and how") {
    World world;
    const Producer old = world.init();
    const Producer producer = world.init();
    const PartitionId partition = world.partition("orders", 0);
    for (const int16_t version : {int16_t(3), int16_t(11), int16_t(13)}) {
        const auto refusal = [&](const std::optional<std::string>& id, int64_t producer_id, int16_t epoch) {
            return world.transactions.may_append(id, producer_id, epoch, partition, version);
        };
        CHECK_EQ(refusal({}, producer.producer_id, producer.epoch),
                 ErrorCode::transactional_id_authorization_failed);
        CHECK_EQ(refusal("", producer.producer_id, producer.epoch), ErrorCode::invalid_request);
        CHECK_EQ(refusal("x", producer.producer_id, producer.epoch), ErrorCode::invalid_producer_id_mapping);
        CHECK_EQ(refusal("t", 7, producer.epoch), ErrorCode::invalid_producer_id_mapping);
        CHECK_EQ(refusal("t", old.producer_id, old.epoch), ErrorCode::invalid_producer_epoch);
        CHECK_EQ(refusal("t", producer.producer_id, 7), ErrorCode::invalid_producer_epoch);
    }
}

TEST("txn: what is open in a partition, and since when") {
    World world;
    Producer t = world.init("t"), u = world.init("u");
    const PartitionId partition = world.partition("orders", 0);
    CHECK_EQ(world.add(t, "orders", 0), ErrorCode::none);
    CHECK(!world.transactions.is_open(t.producer_id, partition)); // added, but nothing is there
    CHECK(!world.transactions.first_open_offset(partition));
    CHECK_EQ(world.produce(u, "orders", 0, "u1"), ErrorCode::none);
    CHECK_EQ(world.produce(t, "orders", 0, "t1"), ErrorCode::none);
    CHECK_EQ(world.produce(u, "orders", 0, "u2"), ErrorCode::none);
    CHECK_EQ(world.produce(t, "orders", 0, "t2"), ErrorCode::none);
    CHECK_EQ(world.transactions.open_since(t.producer_id, partition), 1);
    CHECK_EQ(world.transactions.open_since(u.producer_id, partition), 0);
    CHECK_EQ(world.transactions.open_since(77, partition), no_offset);
    CHECK(!world.transactions.is_open(t.producer_id, world.partition("orders", 1)));
    CHECK_EQ(*world.transactions.first_open_offset(partition), 0);
    world.check_stored();
    CHECK(world.read("orders").empty());
    CHECK_EQ(world.end(u, false), ErrorCode::none);
    CHECK_EQ(*world.transactions.first_open_offset(partition), 1);
    CHECK(world.read("orders").empty());
    CHECK_EQ(world.end(t, true), ErrorCode::none);
    CHECK(!world.transactions.first_open_offset(partition));
    CHECK(world.read("orders") == (std::vector<std::string>{"t1", "t2"}));
    world.check_stored();
}

TEST("txn: readers do not see that a transaction has ended before the turn is over") {
    World world;
    Producer producer = world.init();
    const PartitionId partition = world.partition("orders", 0);
    CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
    world.turn([&](Turn& turn) {
        world.transactions.end(turn, {1, {}, 5}, {"t", producer.producer_id, producer.epoch, true});
        CHECK(!world.transactions.is_open(producer.producer_id, partition));
        CHECK_EQ(world.transactions.first_open_offset(partition).value_or(-1), 0);
        CHECK(!world.transactions.first_offset_left_open(partition));
        // The next one begins in the same turn.
        world.transactions.appended(turn, producer.producer_id, {{partition, 2}});
        CHECK_EQ(world.transactions.first_offset_left_open(partition).value_or(-1), 2);
        CHECK_EQ(world.transactions.first_open_offset(partition).value_or(-1), 0);
    });
    CHECK_EQ(world.transactions.first_open_offset(partition).value_or(-1), 2);
    // A turn that fails is as if it had not been.
    const TransactionRow stored = world.row();
    {
        Effects effects;
        const group::TopicLookup topics = world.lookup();
        const std::function<int64_t()> new_id = [] { return 1'000; };
        Turn turn{world.now, world.settings, topics, new_id, effects};
        world.transactions.end(turn, {2, {}, 5}, {"t", stored.producer_id, stored.epoch, true});
        CHECK_EQ(effects.ends.size(), size_t(1));
        world.transactions.drop("t");
        CHECK_EQ(world.transactions.first_open_offset(partition).value_or(-1), 2);
        world.transactions.apply(stored, world.now);
        world.transactions.turn_over();
    }
    CHECK(world.row() == stored);
    CHECK_EQ(world.transactions.first_open_offset(partition).value_or(-1), 2);
}

TEST("txn: a row that somebody has given another producer id is taken as it is") {
    World world;
    const Producer producer = world.init();
    const PartitionId partition = world.partition("orders", 0);
    CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
    TransactionRow row = world.row();
    row.producer_id = 7;
    world.transactions.apply(row, world.now);
    world.transactions.turn_over();
    CHECK(!world.transactions.is_open(producer.producer_id, partition));
    CHECK_EQ(world.transactions.open_since(7, partition), 0);
    CHECK_EQ(world.transactions.first_open_offset(partition).value_or(-1), 0);
    CHECK_EQ(world.end({"t", 7, producer.epoch}, true, 5).error_code, ErrorCode::none);
    CHECK(!world.transactions.first_open_offset(partition));
}

TEST("txn: partitions written to in one request are one change") {
    World world;
    const Producer producer = world.init();
    const Effects effects = world.turn([&](Turn& turn) {
        world.transactions.appended(turn, producer.producer_id,
                                    {{world.partition("orders", 3), 30},
                                     {world.partition("events", 1), 10},
                                     {world.partition("orders", 0), 5}});
        world.transactions.appended(turn, producer.producer_id, {{world.partition("orders", 0), 9}});
        world.transactions.appended(turn, 999, {{world.partition("orders", 0), 9}}); // nobody's
    });
    CHECK_EQ(effects.transactions.size(), size_t(1));
    CHECK(world.row().partitions == (std::vector<AddedPartition>{{world.partition("events", 1), 10},
                                                                 {world.partition("orders", 0), 5},
                                                                 {world.partition("orders", 3), 30}}));
}

TEST("txn: a deleted topic is out of all transactions") {
    World world;
    Producer producer = world.init();
    CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
    CHECK_EQ(world.produce(producer, "events", 0, "b"), ErrorCode::none);
    CHECK_EQ(world.commit(producer, "orders", 1, 5), ErrorCode::none);
    CHECK_EQ(world.commit(producer, "events", 1, 6), ErrorCode::none);
    const PartitionId gone = world.partition("orders", 0);
    world.delete_topic("orders");
    CHECK(!world.transactions.first_open_offset(gone));
    CHECK(world.transactions.partitions_of("t") == std::vector<PartitionId>{world.partition("events", 0)});
    CHECK_EQ(world.tables.offsets.size(), size_t(1));
    CHECK_EQ(world.end(producer, true), ErrorCode::none);
    CHECK(world.read("events") == std::vector<std::string>{"b"});
    CHECK_EQ(world.committed("events", 1), 6);
    world.check_stored();
}

TEST("txn: a topic that was deleted while nobody looked gets no markers") {
    World world;
    Producer producer = world.init();
    CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
    CHECK_EQ(world.produce(producer, "events", 0, "b"), ErrorCode::none);
    world.topics.erase("orders");
    CHECK_EQ(world.end(producer, true), ErrorCode::none);
    CHECK(world.ends[0].partitions == (std::vector<EndedPartition>{{world.partition("events", 0), 0}}));
}
