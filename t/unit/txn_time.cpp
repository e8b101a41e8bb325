// Transactions that are open for too long, transactional ids that nobody uses, and restarts.
#include "txn_world.h"

using namespace txn_test;

TEST("txn: a transaction that is open for too long is aborted, and its producer fenced") {
    World world;
    Producer producer = world.init("t", 10'000);
    world.pass(60'000); // nothing is open: no time runs
    CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
    CHECK_EQ(world.commit(producer, "events", 0, 5), ErrorCode::none);
    world.pass(9'000);
    CHECK_EQ(world.produce(producer, "orders", 0, "b"), ErrorCode::none); // this does not help
    CHECK(world.transactions.due(world.now.time, 10).empty());
    world.pass(999);
    CHECK(world.row().state == State::ongoing);
    world.check_stored();
    world.pass(1);
    CHECK(world.row().state == State::complete_abort);
    CHECK_EQ(world.row().epoch, 1);
    CHECK(world.log("orders") == (std::vector<std::string>{"a", "b", "abort 101/1"}));
    CHECK_EQ(world.committed("events", 0), -1);
    CHECK(!world.transactions.has_pending_offsets("g"));
    world.check_stored();

    CHECK_EQ(world.produce(producer, "orders", 0, "c"), ErrorCode::invalid_producer_epoch);
    CHECK_EQ(world.add(producer, "orders", 0), ErrorCode::producer_fenced);
    CHECK_EQ(world.add(producer, "orders", 0, 1), ErrorCode::invalid_producer_epoch);
    CHECK_EQ(world.add_offsets(producer), ErrorCode::producer_fenced);
    CHECK_EQ(world.commit(producer, "events", 0, 5), ErrorCode::invalid_producer_epoch);
    CHECK_EQ(world.end(producer, true, 4).error_code, ErrorCode::producer_fenced);
    CHECK_EQ(world.end(producer, false, 4).error_code, ErrorCode::producer_fenced);
    CHECK_EQ(world.end(producer, true, 5).error_code, ErrorCode::invalid_txn_state);
    CHECK(world.read("orders").empty());
}

TEST("txn: one that cannot be aborted does not keep others from it") {
    World world;
    Producer first = world.init("first", 1'000), second = world.init("second", 2'000);
    CHECK_EQ(world.produce(first, "orders", 0, "a"), ErrorCode::none);
    CHECK_EQ(world.produce(second, "orders", 0, "b"), ErrorCode::none);
    const auto due = [&](int after_ms, size_t most) {
        return world.transactions.due(world.now.time + group::milliseconds(after_ms), most);
    };
    CHECK(due(5'000, 1) == (std::vector<std::string>{"first"}));
    world.transactions.put_off("first", world.now.time + group::milliseconds(6'000));
    CHECK(due(5'000, 2) == (std::vector<std::string>{"second"}));
    CHECK(due(6'000, 2) == (std::vector<std::string>{"second", "first"}));
    world.transactions.put_off("first", world.now.time); // never brings it forward
    world.transactions.put_off("nobody", world.now.time);
    CHECK(due(5'999, 2) == (std::vector<std::string>{"second"}));
    world.pass(6'000);
    CHECK(world.log("orders") == (std::vector<std::string>{"a", "b", "abort 102/1", "abort 101/1"}));
    world.transactions.put_off("first", world.now.time); // nothing is open any more
    CHECK(due(60'000, 2).empty());
}

TEST("txn: after a time-out the producer may go on, by an abort or by InitProducerId") {
    for (const bool by_abort : {true, false})
        for (const int16_t epoch : {int16_t(0), int16_t(32'765), int16_t(32'766)}) {
            World world;
            Producer producer = world.init("t", 10'000);
            world.set_epoch(producer, epoch);
            CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
            world.pass(10'000);
            CHECK_EQ(world.log("orders").back(), "abort 101/" + std::to_string(epoch + 1));
            CHECK_EQ(by_abort ? world.end(producer, false) : world.recover(producer), ErrorCode::none);
            CHECK_EQ(producer,
                     (epoch == 32'766 ? Producer{"t", 102, 0} : Producer{"t", 101, int16_t(epoch + 1)}));
            CHECK_EQ(world.produce(producer, "orders", 0, "b"), ErrorCode::none);
            CHECK_EQ(world.end(producer, true), ErrorCode::none);
            CHECK(world.read("orders") == std::vector<std::string>{"b"});
            world.check_stored();
        }
}

TEST("txn: each transaction has its own time, whichever way it was begun") {
    World world;
    const Producer a = world.init("a", 10'000), b = world.init("b", 5'000), c = world.init("c", 20'000);
    CHECK_EQ(world.add(a, "orders", 0), ErrorCode::none);
    world.pass(1'000);
    CHECK_EQ(world.add_offsets(b), ErrorCode::none);
    CHECK_EQ(world.commit(c, "orders", 0, 1), ErrorCode::none);
    const Time far = world.now.time + std::chrono::hours(1);
    CHECK(world.transactions.due(far, 10) == (std::vector<std::string>{"b", "a", "c"}));
    CHECK(world.transactions.due(far, 2) == (std::vector<std::string>{"b", "a"}));
    CHECK(world.transactions.next_deadline() == world.now.time + std::chrono::seconds(5));
    world.turn([&](Turn& turn) { world.transactions.time_out(turn, "b"); }); // not yet
    world.turn([&](Turn& turn) { world.transactions.time_out(turn, "x"); });
    CHECK(world.ends.empty());
    world.pass(5'000);
    CHECK(world.row("b").state == State::complete_abort);
    CHECK(world.row("a").state == State::ongoing);
    world.pass(4'000);
    CHECK(world.row("a").state == State::complete_abort);
    world.pass(10'999);
    CHECK(world.row("c").state == State::ongoing);
    world.pass(1);
    CHECK(world.row("c").state == State::complete_abort);
}

TEST("txn: the next transaction of the same epoch has its time from its own beginning") {
    World world;
    const Producer producer = world.init("t", 10'000);
    CHECK_EQ(world.add(producer, "orders", 0), ErrorCode::none);
    world.pass(9'000);
    CHECK_EQ(world.end(producer, true, 4).error_code, ErrorCode::none);
    CHECK_EQ(world.add(producer, "orders", 0), ErrorCode::none);
    world.pass(9'999);
    CHECK(world.row().state == State::ongoing);
    world.pass(1);
    CHECK(world.row().state == State::complete_abort);
}

TEST("txn: a restart keeps what is open, and its time") {
    World world;
    Producer producer = world.init("t", 10'000);
    CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
    CHECK_EQ(world.commit(producer, "events", 0, 5), ErrorCode::none);
    world.pass(4'000);
    world.restart();
    world.check_stored();
    CHECK_EQ(*world.transactions.first_open_offset(world.partition("orders", 0)), 0);
    CHECK_EQ(world.produce(producer, "orders", 0, "b", 10), ErrorCode::none);
    world.pass(5'999);
    CHECK(world.row().state == State::ongoing);
    world.restart();
    world.pass(1);
    CHECK(world.row().state == State::complete_abort);
    world.restart();
    CHECK_EQ(world.end(producer, false), ErrorCode::none);
    CHECK_EQ(world.produce(producer, "orders", 0, "c"), ErrorCode::none);
    world.restart();
    CHECK_EQ(world.end(producer, true), ErrorCode::none);
    CHECK(world.read("orders") == std::vector<std::string>{"c"});
    world.check_stored();
}

TEST("txn: after a restart a transaction gets no more than its time, whatever the clock says") {
    for (const int64_t step : {-1'000'000, 0, 1'000'000}) {
        World world;
        const Producer producer = world.init("t", 10'000);
        CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
        world.now.ms += step;
        world.restart();
        world.pass(step > 0 ? 0 : 9'999);
        CHECK(world.row().state == (step > 0 ? State::complete_abort : State::ongoing));
        world.pass(1);
        CHECK(world.row().state == State::complete_abort);
    }
}

TEST("txn: while the server runs, steps of the clock do not change a transaction's time") {
    for (const int64_t step : {-1'000'000, 1'000'000}) {
        World world;
        const Producer producer = world.init("t", 10'000);
        CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
        world.pass(5'000);
        world.now.ms += step;
        CHECK_EQ(world.produce(producer, "orders", 1, "a"), ErrorCode::none);
        CHECK_EQ(world.commit(producer, "orders", 0, 1), ErrorCode::none);
        world.pass(4'999);
        CHECK(world.row().state == State::ongoing);
        world.pass(1);
        CHECK(world.row().state == State::complete_abort);
    }
}

TEST("txn: transactional ids that nobody uses are forgotten, but not with something open") {
    World world;
    world.settings.transactional_id_expiration_ms = 10 * 3'600'000;
    world.settings.transaction_max_timeout_ms = 2'000'000'000;
    const Producer empty = world.init("empty"), open = world.init("open", 2'000'000'000);
    const Producer used = world.init("used"), done = world.init("done");
    CHECK_EQ(world.produce(open, "orders", 0, "a"), ErrorCode::none);
    CHECK_EQ(world.produce(done, "orders", 0, "b"), ErrorCode::none);
    CHECK_EQ(world.end(done, true, 4).error_code, ErrorCode::none);
    world.pass(6 * 3'600'000);
    CHECK_EQ(world.add(used, "orders", 0), ErrorCode::none);
    CHECK_EQ(world.end(used, true, 4).error_code, ErrorCode::none);
    CHECK_EQ(world.transactions.size(), size_t(4));
    world.pass(5 * 3'600'000);
    CHECK(!world.transactions.find("empty") && !world.transactions.find("done"));
    CHECK(world.transactions.find("open") && world.transactions.find("used"));
    CHECK_EQ(world.add(empty, "orders", 0), ErrorCode::invalid_producer_id_mapping);
    world.check_stored();
    world.pass(6 * 3'600'000);
    CHECK_EQ(world.transactions.size(), size_t(1));
    CHECK(world.row("open").state == State::ongoing);
    CHECK_EQ(world.init("empty"), (Producer{"empty", world.last_producer_id, 0}));
    world.check_stored();
}

TEST("txn: transactional ids are looked through a part at a time") {
    World world;
    world.settings.transactional_id_expiration_ms = 1'000;
    for (int i = 0; i < 2'500; i++) world.init("t" + std::to_string(i));
    world.now.time += std::chrono::hours(1);
    world.now.ms += 3'600'000;
    for (const size_t left : {1'500u, 500u, 0u}) {
        CHECK(world.transactions.next_deadline() <= world.now.time);
        const Effects effects = world.turn([&](Turn& turn) { world.transactions.tick(turn); });
        CHECK(effects.transactions.size() <= 1'000);
        CHECK_EQ(world.transactions.size(), left);
    }
    CHECK(world.transactions.next_deadline() > world.now.time);
    CHECK(world.tables == Tables());
}
