// InitProducerId: new producers, those that go on after an error (KIP-360), and the end of the epochs.
#include "txn_world.h"

using namespace txn_test;

namespace {

using Request = wire::init_producer_id::Request;

const Producer nobody{"t", -1, -1};

Producer answered(const wire::init_producer_id::Response& response) {
    CHECK_EQ(response.error_code, ErrorCode::none);
    return {"t", response.producer_id, response.producer_epoch};
}

/// The request is refused, whatever version it has, and nothing has happened.
void check_refused(World& world, const Request& request, ErrorCode code) {
    const Tables before = world.tables;
    const auto response = world.init(request, 5);
    CHECK_EQ(response.error_code, code);
    CHECK_EQ(response.producer_id, -1);
    CHECK_EQ(response.producer_epoch, -1);
    CHECK(world.tables == before);
    CHECK(world.ends.empty());
}

} // namespace

TEST("txn: a producer that is only idempotent gets a new id each time, and nothing is stored") {
    World world;
    CHECK_EQ(answered(world.init(Request{{}, 0, -1, -1}, 0)), (Producer{"t", 101, 0}));
    CHECK_EQ(answered(world.init(Request{{}, -1, -1, -1}, 5)), (Producer{"t", 102, 0}));
    CHECK_EQ(answered(world.init(Request{{}, 0, 101, 0}, 5)), (Producer{"t", 103, 0}));
    CHECK(world.tables == Tables());
}

TEST("txn: InitProducerId refuses what contradicts itself") {
    World world;
    check_refused(world, {"t", 60'000, 7, -1}, ErrorCode::invalid_request);
    check_refused(world, {"t", 60'000, -1, 7}, ErrorCode::invalid_request);
    check_refused(world, {{}, 60'000, 7, -1}, ErrorCode::invalid_request);
    check_refused(world, {"", 60'000, -1, -1}, ErrorCode::invalid_request);
    check_refused(world, {std::string(1'001, 'x'), 60'000, -1, -1}, ErrorCode::invalid_request);
    check_refused(world, {"", 0, -1, -1}, ErrorCode::invalid_request);
    check_refused(world, {"t", 0, -1, -1}, ErrorCode::invalid_transaction_timeout);
    check_refused(world, {"t", -1, -1, -1}, ErrorCode::invalid_transaction_timeout);
    check_refused(world, {"t", 900'001, -1, -1}, ErrorCode::invalid_transaction_timeout);
    CHECK_EQ(world.last_producer_id, 100);
    CHECK_EQ(answered(world.init({"t", 900'000, -1, -1}, 0)), (Producer{"t", 101, 0}));
    CHECK_EQ(answered(world.init({std::string(1'000, 'x'), 1, -1, -1}, 0)), (Producer{"t", 102, 0}));
}

TEST("txn: each new producer of a transactional id gets the next epoch of its producer id") {
    World world;
    CHECK_EQ(world.init(), (Producer{"t", 101, 0}));
    CHECK_EQ(world.init("u"), (Producer{"u", 102, 0}));
    CHECK_EQ(world.init("t", 1'000), (Producer{"t", 101, 1}));
    const TransactionRow& row = world.row();
    CHECK(row.state == State::empty);
    CHECK_EQ(row.timeout_ms, 1'000);
    CHECK_EQ(row.last_epoch, -1);
    CHECK_EQ(row.start_ms, -1);
    CHECK_EQ(row.update_ms, world.now.ms);
    world.check_stored();
}

TEST("txn: a new producer aborts what is open, and all before it are fenced") {
    World world;
    Producer old = world.init();
    CHECK_EQ(world.produce(old, "orders", 0, "a"), ErrorCode::none);
    CHECK_EQ(world.commit(old, "events", 1, 7), ErrorCode::none);
    Producer current = world.init();
    CHECK_EQ(current, (Producer{"t", 101, 2})); // 1 is for the markers
    CHECK(world.log("orders") == (std::vector<std::string>{"a", "abort 101/1"}));
    CHECK_EQ(world.committed("events", 1), -1);
    CHECK(!world.transactions.has_pending_offset(world.key("events", 1)));
    CHECK(world.row().state == State::empty);
    world.check_stored();

    CHECK_EQ(world.produce(old, "orders", 0, "b"), ErrorCode::invalid_producer_epoch);
    CHECK_EQ(world.add(old, "orders", 0), ErrorCode::producer_fenced);
    CHECK_EQ(world.end(old, true, 5).error_code, ErrorCode::producer_fenced);
    CHECK_EQ(world.end(old, false, 4).error_code, ErrorCode::producer_fenced);
    CHECK_EQ(world.recover(old), ErrorCode::producer_fenced);
    CHECK_EQ(world.produce(current, "orders", 0, "c"), ErrorCode::none);
    CHECK_EQ(world.end(current, true), ErrorCode::none);
    CHECK(world.read("orders") == std::vector<std::string>{"c"});
}

TEST("txn: a producer goes on with the next epoch, and is told it again") {
    World world;
    const Producer first = world.init();
    Producer producer = first;
    CHECK_EQ(world.recover(producer), ErrorCode::none);
    CHECK_EQ(producer, (Producer{"t", 101, 1}));
    Producer again = first;
    CHECK_EQ(world.recover(again), ErrorCode::none);
    CHECK_EQ(again, producer);
    again = first;
    CHECK_EQ(world.recover(again), ErrorCode::none);
    CHECK_EQ(again, producer);
    CHECK_EQ(world.recover(producer), ErrorCode::none);
    CHECK_EQ(producer, (Producer{"t", 101, 2}));
    again = first; // too old by now
    CHECK_EQ(world.recover(again), ErrorCode::producer_fenced);
    CHECK_EQ(world.recover(again, 4), ErrorCode::producer_fenced);
    CHECK_EQ(world.recover(again, 3), ErrorCode::invalid_producer_epoch);
    Producer other{"t", 999, 2};
    CHECK_EQ(world.recover(other), ErrorCode::producer_fenced);
    world.check_stored();
}

TEST("txn: a producer that goes on aborts what it has open") {
    World world;
    Producer producer = world.init();
    const Producer first = producer;
    CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
    CHECK_EQ(world.recover(producer), ErrorCode::none);
    CHECK_EQ(producer, (Producer{"t", 101, 1}));
    CHECK(world.log("orders") == (std::vector<std::string>{"a", "abort 101/1"}));
    Producer again = first; // the answer was lost
    CHECK_EQ(world.recover(again), ErrorCode::none);
    CHECK_EQ(again, producer);
    CHECK_EQ(world.ends.size(), size_t(1));
}

TEST("txn: a fenced producer does not touch the transaction of the one that fenced it") {
    World world;
    Producer zombie = world.init();
    Producer producer = world.init();
    CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
    CHECK_EQ(world.recover(zombie), ErrorCode::producer_fenced);
    CHECK(world.row().state == State::ongoing);
    CHECK_EQ(world.end(producer, true), ErrorCode::none);
    CHECK(world.read("orders") == std::vector<std::string>{"a"});
}

TEST("txn: who has begun a transaction has heard of its epoch: nobody else asks for it again") {
    World world;
    const Producer first = world.init();
    Producer producer = first;
    CHECK_EQ(world.recover(producer), ErrorCode::none);
    CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
    Producer late = first;
    CHECK_EQ(world.recover(late), ErrorCode::producer_fenced);
    CHECK_EQ(world.end(producer, true, 4).error_code, ErrorCode::none);
    late = first;
    CHECK_EQ(world.recover(late), ErrorCode::producer_fenced);
}

TEST("txn: a producer whose transactional id was forgotten gets a new producer id") {
    World world;
    Producer producer{"t", 55, 12};
    CHECK_EQ(world.recover(producer), ErrorCode::none);
    CHECK_EQ(producer, (Producer{"t", 101, 0}));
}

TEST("txn: after epoch 32766 comes epoch 0 of another producer id") {
    for (const bool goes_on : {false, true}) {
        World world;
        Producer producer = world.init();
        world.set_epoch(producer, 32'765);
        if (goes_on)
            CHECK_EQ(world.recover(producer), ErrorCode::none);
        else
            producer = world.init();
        CHECK_EQ(producer, (Producer{"t", 101, 32'766}));
        const Producer old = producer;
        if (goes_on)
            CHECK_EQ(world.recover(producer), ErrorCode::none);
        else
            producer = world.init();
        CHECK_EQ(producer, (Producer{"t", 102, 0}));
        world.check_stored();
        CHECK_EQ(world.add(old, "orders", 0), ErrorCode::invalid_producer_id_mapping);
        CHECK_EQ(world.produce(old, "orders", 0, "a"), ErrorCode::invalid_producer_id_mapping);
        CHECK_EQ(world.end(old, false, 5).error_code, ErrorCode::producer_fenced);

        Producer again = old; // did not hear of it
        CHECK_EQ(world.recover(again), goes_on ? ErrorCode::none : ErrorCode::producer_fenced);
        CHECK_EQ(again, goes_on ? producer : old);
        CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
        again = old;
        CHECK_EQ(world.recover(again), ErrorCode::producer_fenced);
        CHECK_EQ(world.end(old, false, 5).error_code, ErrorCode::invalid_producer_id_mapping);
        CHECK_EQ(world.end(producer, true), ErrorCode::none);
        CHECK(world.read("orders") == std::vector<std::string>{"a"});
    }
}

TEST("txn: what is open at the last epochs is aborted with markers of the next one, which nobody gets") {
    for (const int16_t epoch : {int16_t(32'765), int16_t(32'766)}) {
        World world;
        Producer producer = world.init();
        world.set_epoch(producer, epoch);
        CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
        CHECK_EQ(world.init(), (Producer{"t", 102, 0}));
        CHECK_EQ(world.log("orders").back(), "abort 101/" + std::to_string(epoch + 1));
        CHECK_EQ(world.recover(producer), ErrorCode::producer_fenced);
        world.check_stored();
    }
    World world;
    Producer producer = world.init();
    world.set_epoch(producer, 32'766);
    CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
    Producer again = producer;
    CHECK_EQ(world.recover(producer), ErrorCode::none);
    CHECK_EQ(producer, (Producer{"t", 102, 0}));
    CHECK_EQ(world.log("orders").back(), std::string("abort 101/32767"));
    CHECK_EQ(world.recover(again), ErrorCode::none);
    CHECK_EQ(again, producer);
}

TEST("txn: if there is no new producer id, nothing has happened") {
    World world;
    Producer producer = world.init();
    world.set_epoch(producer, 32'766);
    CHECK_EQ(world.produce(producer, "orders", 0, "a"), ErrorCode::none);
    const Tables before = world.tables;
    const std::function<int64_t()> none = []() -> int64_t { throw std::runtime_error("none"); };
    const auto fails = [&](const std::function<void(Turn&, const Caller&)>& request) {
        Effects effects;
        const group::TopicLookup topics = world.lookup();
        Turn turn{world.now, world.settings, topics, none, effects};
        bool failed = false;
        try {
            request(turn, {1, {}, 5});
        } catch (const std::runtime_error&) {
            failed = true;
        }
        CHECK(failed);
        CHECK(effects.transactions.empty() && effects.ends.empty() && effects.replies.empty());
        CHECK(tables_of(world.transactions) == before);
    };
    const auto init = [&](Turn& turn, const Caller& caller) {
        world.transactions.init_producer_id(turn, caller, {"t", 60'000, -1, -1});
    };
    fails(init);
    fails([&](Turn& turn, const Caller& caller) {
        world.transactions.init_producer_id(turn, caller, {"new", 60'000, -1, -1});
    });
    fails([&](Turn& turn, const Caller& caller) {
        world.transactions.end(turn, caller, {"t", producer.producer_id, producer.epoch, true});
    });
    world.now.time += std::chrono::hours(1);
    fails([&](Turn& turn, const Caller&) { world.transactions.time_out(turn, "t"); });
}
