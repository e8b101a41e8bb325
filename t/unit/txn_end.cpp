// EndTxn, in its two kinds: until version 4, and since version 5 (KIP-890).
#include "txn_world.h"

using namespace txn_test;

namespace {

/// A transactional id in some state, at epoch 5.
struct Case {
    World world;
    Producer producer;
    explicit Case(State state, int16_t version = 4) : producer(world.init()) {
        world.set_epoch(producer, version >= 5 && state != State::empty && state != State::ongoing ? 4 : 5);
        if (state != State::empty) CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
        if (state == State::complete_commit) end(true, version);
        if (state == State::complete_abort) end(false, version);
        CHECK_EQ(producer.epoch, 5);
        CHECK(world.row().state == state);
        world.pass(1'000);
    }
    void end(bool commit, int16_t version) {
        const auto response = world.end(producer, commit, version);
        CHECK_EQ(response.error_code, ErrorCode::none);
        if (version < 5) return;
        producer.producer_id = response.producer_id;
        producer.epoch = response.producer_epoch;
    }
};

constexpr State all_states[] = {State::empty, State::ongoing, State::complete_commit, State::complete_abort};

} // namespace

TEST("txn: EndTxn until version 4 ends what is open, and is answered again") {
    for (const int16_t version : {int16_t(0), int16_t(4)})
        for (const State state : all_states)
            for (const bool commit : {true, false}) {
                Case it(state);
                const size_t ends = it.world.ends.size();
                const TransactionRow before = it.world.row();
                const bool again = state == (commit ? State::complete_commit : State::complete_abort);
                const bool ongoing = state == State::ongoing;
                const auto response = it.world.end(it.producer, commit, version);
                CHECK_EQ(response.error_code,
                         ongoing || again ? ErrorCode::none : ErrorCode::invalid_txn_state);
                CHECK_EQ(response.producer_id, -1);
                CHECK_EQ(response.producer_epoch, -1);
                CHECK_EQ(it.world.ends.size(), ends + (ongoing ? 1 : 0));
                if (!ongoing) CHECK(it.world.row() == before);
                it.world.check_stored();
            }
}

TEST("txn: EndTxn until version 4 leaves the epoch, and the markers have it") {
    for (const bool commit : {true, false}) {
        World world;
        const Producer producer = world.init();
        CHECK_EQ(world.add(producer, "orders", 0), ErrorCode::none);
        CHECK_EQ(world.add(producer, "orders", 1), ErrorCode::none);
        CHECK_EQ(world.produce(producer, "orders", 0, "a", 11), ErrorCode::none);
        world.pass(1'000);
        CHECK_EQ(world.end(producer, commit, 4).error_code, ErrorCode::none);
        const std::string marker = commit ? "commit 101/0" : "abort 101/0";
        CHECK(world.log("orders", 0) == (std::vector<std::string>{"a", marker}));
        CHECK(world.log("orders", 1) == std::vector<std::string>{marker}); // added, so that it gets one
        CHECK(world.log("orders", 2).empty());
        CHECK(world.read("orders") == (commit ? std::vector<std::string>{"a"} : std::vector<std::string>{}));
        const TransactionRow& row = world.row();
        CHECK(row.state == (commit ? State::complete_commit : State::complete_abort));
        CHECK_EQ(row.epoch, 0);
        CHECK_EQ(row.start_ms, world.now.ms - 1'000);
        CHECK_EQ(row.update_ms, world.now.ms);
        CHECK(row.partitions.empty());
        const End& end = world.ends.at(0);
        CHECK_EQ(end.transactional_id, std::string("t"));
        CHECK_EQ(end.coordinator_epoch, 0);
        CHECK(end.partitions == (std::vector<EndedPartition>{{world.partition("orders", 0), 0},
                                                             {world.partition("orders", 1), no_offset}}));
        // The next one goes on with the same epoch.
        CHECK_EQ(world.add(producer, "orders", 0), ErrorCode::none);
        CHECK_EQ(world.produce(producer, "orders", 0, "b", 11), ErrorCode::none);
        CHECK_EQ(world.end(producer, true, 4).error_code, ErrorCode::none);
        CHECK_EQ(world.read("orders").back(), std::string("b"));
        world.check_stored();
    }
}

TEST("txn: who may end a transaction, and what others are told in each version") {
    for (const int16_t version : {int16_t(0), int16_t(1), int16_t(2), int16_t(4), int16_t(5)})
        for (const bool commit : {true, false}) {
            Case it(State::ongoing);
            const auto refusal = [&](const Producer& producer) {
                const auto response = it.world.end(producer, commit, version);
                CHECK_EQ(response.producer_id, -1);
                CHECK_EQ(response.producer_epoch, -1);
                return response.error_code;
            };
            const ErrorCode fenced =
                version < 2 ? ErrorCode::invalid_producer_epoch : ErrorCode::producer_fenced;
            CHECK_EQ(refusal({"", 101, 5}), ErrorCode::invalid_request);
            CHECK_EQ(refusal({"x", 101, 5}), ErrorCode::invalid_producer_id_mapping);
            CHECK_EQ(refusal({"t", 7, 5}), ErrorCode::invalid_producer_id_mapping);
            CHECK_EQ(refusal({"t", -1, 5}), ErrorCode::invalid_producer_id_mapping);
            CHECK_EQ(refusal({"t", 101, 4}), fenced);
            CHECK_EQ(refusal({"t", 101, 6}), fenced);
            CHECK(it.world.row().state == State::ongoing);
            CHECK(it.world.ends.empty());
        }
}

TEST("txn: EndTxn since version 5 takes the next epoch, in the markers and for what follows") {
    for (const bool commit : {true, false}) {
        Case it(State::ongoing);
        CHECK_EQ(it.world.commit(it.producer, "events", 0, 8), ErrorCode::none);
        it.end(commit, 5);
        CHECK_EQ(it.producer, (Producer{"t", 101, 6}));
        CHECK_EQ(it.world.log("orders").back(), std::string(commit ? "commit 101/6" : "abort 101/6"));
        CHECK_EQ(it.world.committed("events", 0), commit ? 8 : -1);
        CHECK_EQ(it.world.row().epoch, 6);
        CHECK_EQ(it.world.row().last_epoch, 5);
        CHECK_EQ(it.world.row().start_ms, it.world.now.ms - 1'000);
        it.world.check_stored();
        CHECK_EQ(it.world.produce({"t", 101, 5}, "orders", 0, "late"), ErrorCode::invalid_producer_epoch);
        CHECK_EQ(it.world.produce(it.producer, "orders", 0, "b"), ErrorCode::none);
        it.end(true, 5);
        CHECK_EQ(it.producer, (Producer{"t", 101, 7}));
        CHECK_EQ(it.world.read("orders").back(), std::string("b"));
    }
}

TEST("txn: EndTxn since version 5, in each state, with the current epoch and with the one before") {
    const auto pf = ErrorCode::producer_fenced, its = ErrorCode::invalid_txn_state, none = ErrorCode::none;
    const struct {
        State state;
        bool commit;
        ErrorCode again, current;
        bool next_epoch; ///< the current one ends something, or aborts what may have been begun
    } cases[] = {
        {State::empty, false, pf, none, true},
        {State::empty, true, pf, its, false},
        {State::ongoing, false, pf, none, true},
        {State::ongoing, true, pf, none, true},
        {State::complete_abort, false, none, none, true},
        {State::complete_abort, true, its, its, false},
        {State::complete_commit, false, its, none, true},
        {State::complete_commit, true, none, its, false},
    };
    for (const auto& expected : cases) {
        Case it(expected.state, 5);
        const TransactionRow before = it.world.row();
        const size_t ends = it.world.ends.size();
        const auto again = it.world.end({"t", 101, 4}, expected.commit, 5);
        CHECK_EQ(again.error_code, expected.again);
        CHECK_EQ(again.producer_id, expected.again == none ? 101 : -1);
        CHECK_EQ(again.producer_epoch, expected.again == none ? 5 : -1);
        CHECK(it.world.row() == before);
        CHECK_EQ(it.world.end({"t", 101, 3}, expected.commit, 5).error_code, pf);
        CHECK_EQ(it.world.end({"t", 101, 6}, expected.commit, 5).error_code, pf);

        const auto current = it.world.end(it.producer, expected.commit, 5);
        CHECK_EQ(current.error_code, expected.current);
        CHECK_EQ(current.producer_id, expected.next_epoch ? 101 : -1);
        CHECK_EQ(current.producer_epoch, expected.next_epoch ? 6 : -1);
        CHECK_EQ(it.world.row().epoch, expected.next_epoch ? 6 : 5);
        CHECK_EQ(it.world.ends.size(), ends + (expected.state == State::ongoing ? 1 : 0));
        if (expected.next_epoch && expected.state != State::ongoing) {
            CHECK(it.world.row().state == State::complete_abort);
            CHECK_EQ(it.world.row().start_ms, it.world.now.ms);
        }
        it.world.check_stored();
    }
}

TEST("txn: EndTxn since version 5 is not taken for answered before if somebody else had the epoch") {
    World world;
    Producer zombie = world.init();
    const Producer producer = world.init();
    CHECK_EQ(world.produce(producer, "orders", 0, "a", 12), ErrorCode::none);
    CHECK_EQ(world.end(producer, true, 4).error_code, ErrorCode::none);
    CHECK_EQ(zombie.epoch + 1, world.row().epoch);
    CHECK_EQ(world.end(zombie, true), ErrorCode::producer_fenced);
}

TEST("txn: an end at epoch 32766 goes on with another producer id") {
    for (const bool commit : {true, false}) {
        World world;
        Producer producer = world.init();
        world.set_epoch(producer, 32'765);
        CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
        CHECK_EQ(world.end(producer, true), ErrorCode::none);
        CHECK_EQ(producer, (Producer{"t", 101, 32'766}));
        const Producer old = producer;
        CHECK_EQ(world.produce(producer, "orders", 0, "b"), ErrorCode::none);
        CHECK_EQ(world.end(producer, commit), ErrorCode::none);
        CHECK_EQ(producer, (Producer{"t", 102, 0}));
        CHECK_EQ(world.log("orders").back(), std::string(commit ? "commit 101/32767" : "abort 101/32767"));
        world.check_stored();

        Producer again = old;
        CHECK_EQ(world.end(old, !commit, 5).error_code, ErrorCode::invalid_txn_state);
        CHECK_EQ(world.end(again, commit), ErrorCode::none);
        CHECK_EQ(again, producer);
        CHECK_EQ(world.ends.size(), size_t(2));
        CHECK_EQ(world.end(old, commit, 4).error_code, ErrorCode::invalid_producer_id_mapping);
        CHECK_EQ(world.produce(old, "orders", 0, "late"), ErrorCode::invalid_producer_id_mapping);

        CHECK_EQ(world.produce(producer, "orders", 0, "c"), ErrorCode::none);
        CHECK_EQ(world.end(old, commit, 5).error_code, ErrorCode::invalid_producer_id_mapping);
        CHECK_EQ(world.end(producer, true), ErrorCode::none);
        CHECK(world.read("orders") ==
              (commit ? std::vector<std::string>{"a", "b", "c"} : std::vector<std::string>{"a", "c"}));
        world.check_stored();
    }
}

TEST("txn: an abort of nothing at epoch 32766 takes another producer id as well") {
    World world;
    Producer producer = world.init();
    world.set_epoch(producer, 32'766);
    const Producer old = producer;
    CHECK_EQ(world.end(producer, false), ErrorCode::none);
    CHECK_EQ(producer, (Producer{"t", 102, 0}));
    CHECK(world.ends.empty());
    Producer again = old;
    CHECK_EQ(world.end(again, false), ErrorCode::none);
    CHECK_EQ(again, producer);
}

TEST("txn: EndTxn until version 4 may end transactions at epoch 32766 for ever") {
    World world;
    Producer producer = world.init();
    world.set_epoch(producer, 32'766);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(world.add(producer, "orders", 0), ErrorCode::none);
        CHECK_EQ(world.produce(producer, "orders", 0, "a", 11), ErrorCode::none);
        CHECK_EQ(world.end(producer, true, 4).error_code, ErrorCode::none);
    }
    CHECK_EQ(world.read("orders").size(), size_t(3));
    CHECK_EQ(world.last_producer_id, 101);
}
