// Offsets that transactions commit for groups: AddOffsetsToTxn, TxnOffsetCommit, and what else happens to these offsets.
#include "txn_world.h"

using namespace txn_test;

namespace {

using Request = wire::txn_offset_commit::Request;

Request of(const Producer& producer,
           const std::vector<wire::txn_offset_commit::TxnOffsetCommitRequestTopic>& topics) {
    return {producer.id, "g", producer.producer_id, producer.epoch, -1, "", {}, topics};
}

/// "orders 0 NONE, orders 7 UNKNOWN_TOPIC_OR_PARTITION"
std::string codes(const wire::txn_offset_commit::Response& response) {
    std::string text;
    for (const auto& topic : response.topics)
        for (const auto& partition : topic.partitions)
            text += (text.empty() ? "" : ", ") + topic.name + " " +
                    std::to_string(partition.partition_index) + " " +
                    std::string(wire::name(partition.error_code));
    return text;
}

} // namespace

TEST("txn: a group is added once, and begins a transaction") {
    for (const int16_t version : {int16_t(0), int16_t(4)}) {
        World world;
        const Producer producer = world.init();
        CHECK_EQ(world.add_offsets(producer, "g", version), ErrorCode::none);
        CHECK(world.row().state == State::ongoing);
        CHECK_EQ(world.row().start_ms, world.now.ms);
        CHECK_EQ(world.add_offsets(producer, "a", version), ErrorCode::none);
        const TransactionRow row = world.row();
        CHECK(row.groups == (std::vector<std::string>{"a", "g"}));
        world.pass(1'000);
        CHECK_EQ(world.add_offsets(producer, "g", version), ErrorCode::none);
        CHECK(world.row() == row); // nothing to store
        CHECK_EQ(world.end(producer, true, 4).error_code, ErrorCode::none);
        CHECK(world.row().groups.empty());
        world.check_stored();
    }
}

TEST("txn: who may add groups, and what others are told in each version") {
    World world;
    const Producer old = world.init();
    const Producer producer = world.init();
    for (const int16_t version : {int16_t(0), int16_t(1), int16_t(2), int16_t(4)}) {
        const ErrorCode fenced = version < 2 ? ErrorCode::invalid_producer_epoch : ErrorCode::producer_fenced;
        CHECK_EQ(world.add_offsets(old, "g", version), fenced);
        CHECK_EQ(world.add_offsets({"", producer.producer_id, producer.epoch}, "g", version),
                 ErrorCode::invalid_request);
        CHECK_EQ(world.add_offsets({"x", producer.producer_id, producer.epoch}, "g", version),
                 ErrorCode::invalid_producer_id_mapping);
        CHECK_EQ(world.add_offsets({"t", 7, producer.epoch}, "g", version),
                 ErrorCode::invalid_producer_id_mapping);
        CHECK_EQ(world.add_offsets(producer, std::string(1'001, 'g'), version), ErrorCode::invalid_group_id);
    }
    CHECK(world.row().state == State::empty);
}

TEST("txn: offsets are committed with the transaction, and not before") {
    for (const bool commit : {true, false}) {
        World world;
        const Producer producer = world.init();
        world.commit_plainly("orders", 0, 3);
        CHECK_EQ(world.add_offsets(producer), ErrorCode::none);
        world.pass(500);
        const int64_t committed_at = world.now.ms;
        const auto response =
            world.commit(of(producer, {{"orders", {{0, 10, 4, "m"}, {1, 11, -1, std::nullopt}}}}), 3);
        CHECK_EQ(codes(response), std::string("orders 0 NONE, orders 1 NONE"));
        CHECK_EQ(world.committed("orders", 0), 3);
        CHECK(world.transactions.has_pending_offset(world.key("orders", 0)));
        CHECK(world.transactions.has_pending_offset(world.key("orders", 1)));
        CHECK(!world.transactions.has_pending_offset(world.key("orders", 2)));
        CHECK(!world.transactions.has_pending_offset(world.key("orders", 0, "other")));
        CHECK(world.transactions.has_pending_offsets("g"));
        CHECK(!world.transactions.has_pending_offsets("f"));
        CHECK(!world.transactions.has_pending_offsets("h"));
        world.check_stored();
        world.pass(500);
        CHECK_EQ(world.end(producer, commit, 4).error_code, ErrorCode::none);
        CHECK_EQ(world.committed("orders", 0), commit ? 10 : 3);
        CHECK_EQ(world.committed("orders", 1), commit ? 11 : -1);
        CHECK(!world.transactions.has_pending_offsets("g"));
        CHECK(world.tables.offsets.empty());
        const auto& offsets = world.ends.at(0).offsets;
        CHECK_EQ(offsets.size(), size_t(commit ? 2 : 0));
        if (commit)
            CHECK((offsets[0] ==
                   group::OffsetRow{"g", world.topics["orders"].id, 0, false, 10, 4, "m", committed_at, -1}));
        world.check_stored();
    }
}

TEST("txn: until version 4 the group must have been added, since version 5 it is now") {
    World world;
    Producer producer = world.init();
    const auto refusal = [&](int16_t version) { return world.commit(producer, "orders", 0, 1, version); };
    CHECK_EQ(refusal(0), ErrorCode::invalid_txn_state);
    CHECK_EQ(refusal(3), ErrorCode::invalid_txn_state);
    CHECK_EQ(refusal(4), ErrorCode::transaction_abortable);
    CHECK(world.row().state == State::empty);
    CHECK_EQ(world.add_offsets(producer, "another"), ErrorCode::none);
    CHECK_EQ(refusal(3), ErrorCode::invalid_txn_state);
    CHECK_EQ(refusal(4), ErrorCode::transaction_abortable);
    CHECK_EQ(refusal(5), ErrorCode::none);
    CHECK(world.row().groups == (std::vector<std::string>{"another", "g"}));
    CHECK_EQ(refusal(0), ErrorCode::none); // it is there
    CHECK_EQ(world.end(producer, true), ErrorCode::none);
    CHECK_EQ(refusal(4), ErrorCode::transaction_abortable);
    CHECK_EQ(refusal(5), ErrorCode::none);
    CHECK_EQ(world.row().start_ms, world.now.ms);
}

TEST("txn: whose offsets are refused, and how") {
    World world;
    const Producer old = world.init();
    const Producer producer = world.init();
    for (const int16_t version : {int16_t(0), int16_t(4), int16_t(5)}) {
        CHECK_EQ(world.commit(old, "orders", 0, 1, version), ErrorCode::invalid_producer_epoch);
        CHECK_EQ(world.commit({"", producer.producer_id, producer.epoch}, "orders", 0, 1, version),
                 ErrorCode::invalid_request);
        CHECK_EQ(world.commit({"x", producer.producer_id, producer.epoch}, "orders", 0, 1, version),
                 ErrorCode::invalid_producer_id_mapping);
        CHECK_EQ(world.commit({"t", 7, producer.epoch}, "orders", 0, 1, version),
                 ErrorCode::invalid_producer_id_mapping);
        CHECK_EQ(world.commit(producer, "orders", 0, 1, version, ""), ErrorCode::invalid_group_id);
        CHECK_EQ(world.commit(producer, "orders", 0, 1, version, std::string(1'001, 'g')),
                 ErrorCode::invalid_group_id);
    }
    CHECK(world.row().state == State::empty);
    CHECK(world.tables.offsets.empty());
}

TEST("txn: what the group says of a member holds for all partitions, and comes after the transaction") {
    World world;
    const Producer producer = world.init();
    for (const ErrorCode says :
         {ErrorCode::illegal_generation, ErrorCode::unknown_member_id, ErrorCode::fenced_instance_id}) {
        world.group_says = says;
        CHECK_EQ(world.commit(producer, "orders", 0, 1, 5), says);
        CHECK_EQ(world.commit({"x", 1, 1}, "orders", 0, 1, 5), ErrorCode::invalid_producer_id_mapping);
    }
    CHECK(world.row().groups == std::vector<std::string>{"g"}); // added all the same
    CHECK(world.tables.offsets.empty());
}

TEST("txn: offsets of partitions that are not there are refused, the others are taken") {
    World world;
    const Producer producer = world.init();
    const auto some = world.commit(
        of(producer, {{"nothing", {{0, 1, -1, ""}}}, {"orders", {{4, 1, -1, ""}, {1, 7, -1, ""}}}}), 5);
    CHECK_EQ(codes(some), std::string("nothing 0 UNKNOWN_TOPIC_OR_PARTITION, orders 4 "
                                      "UNKNOWN_TOPIC_OR_PARTITION, orders 1 NONE"));
    CHECK_EQ(world.tables.offsets.size(), size_t(1));
    // Of none that is there nothing else is asked.
    const Producer other = world.init("u");
    const auto none = world.commit(of(other, {{"orders", {{-1, 1, -1, ""}}}}), 5);
    CHECK_EQ(codes(none), std::string("orders -1 UNKNOWN_TOPIC_OR_PARTITION"));
    CHECK(world.row("u").state == State::empty);
    CHECK_EQ(codes(world.commit(of({"x", 1, 1}, {{"nothing", {{0, 1, -1, ""}}}}), 5)),
             std::string("nothing 0 UNKNOWN_TOPIC_OR_PARTITION"));
}

TEST("txn: metadata may be as long as those of other commits") {
    World world;
    const Producer producer = world.init();
    const auto response = world.commit(
        of(producer,
           {{"orders",
             {{0, 1, -1, std::string(4'096, 'x')}, {1, 1, -1, std::string(4'097, 'x')}, {2, 1, -1, ""}}}}),
        5);
    CHECK_EQ(codes(response),
             std::string("orders 0 NONE, orders 1 OFFSET_METADATA_TOO_LARGE, orders 2 NONE"));
    CHECK_EQ(world.tables.offsets.size(), size_t(2));
}

TEST("txn: of several offsets for a partition the last holds, whatever it is") {
    World world;
    Producer producer = world.init();
    CHECK_EQ(world.commit(producer, "orders", 0, 9), ErrorCode::none);
    CHECK_EQ(world.commit(producer, "orders", 0, 5), ErrorCode::none);
    CHECK_EQ(world.tables.offsets.size(), size_t(1));
    CHECK_EQ(world.end(producer, true), ErrorCode::none);
    CHECK_EQ(world.committed("orders", 0), 5);
}

TEST("txn: an offset that was committed without a transaction after it holds") {
    World world;
    Producer producer = world.init();
    CHECK_EQ(world.commit(producer, "orders", 0, 9), ErrorCode::none);
    CHECK_EQ(world.commit(producer, "orders", 1, 9), ErrorCode::none);
    world.commit_plainly("orders", 0, 4);
    CHECK(!world.transactions.has_pending_offset(world.key("orders", 0))); // it is stable
    CHECK(world.transactions.has_pending_offset(world.key("orders", 1)));
    world.check_stored();
    CHECK_EQ(world.end(producer, true), ErrorCode::none);
    CHECK_EQ(world.committed("orders", 0), 4);
    CHECK_EQ(world.committed("orders", 1), 9);
}

TEST("txn: of two transactions that commit an offset the later request holds, whichever ends first") {
    for (const bool later_first : {true, false})
        for (const bool restart : {true, false}) {
            World world;
            Producer t = world.init("t"), u = world.init("u");
            CHECK_EQ(world.commit(u, "orders", 0, 1), ErrorCode::none);
            CHECK_EQ(world.commit(t, "orders", 0, 2), ErrorCode::none);
            if (restart) world.restart();
            CHECK_EQ(world.end(later_first ? t : u, true), ErrorCode::none);
            CHECK_EQ(world.committed("orders", 0), later_first ? 2 : 1);
            CHECK_EQ(world.transactions.has_pending_offset(world.key("orders", 0)), !later_first);
            world.check_stored();
            CHECK_EQ(world.end(later_first ? u : t, true), ErrorCode::none);
            CHECK_EQ(world.committed("orders", 0), 2);
            CHECK(!world.transactions.has_pending_offset(world.key("orders", 0)));
            world.check_stored();
        }
}

TEST("txn: the order of offsets goes on after a restart") {
    World world;
    Producer t = world.init("t"), u = world.init("u");
    CHECK_EQ(world.commit(u, "orders", 0, 1), ErrorCode::none);
    world.restart();
    CHECK_EQ(world.commit(t, "orders", 0, 2), ErrorCode::none);
    CHECK_EQ(world.end(t, true), ErrorCode::none);
    CHECK_EQ(world.end(u, true), ErrorCode::none);
    CHECK_EQ(world.committed("orders", 0), 2);
}

TEST("txn: a deleted group gets nothing of what was committed for it before") {
    World world;
    Producer producer = world.init();
    CHECK_EQ(world.commit(producer, "orders", 0, 9), ErrorCode::none);
    CHECK_EQ(world.commit(producer, "orders", 1, 9), ErrorCode::none);
    CHECK_EQ(world.commit(producer, "orders", 0, 3, 5, "h"), ErrorCode::none);
    CHECK_EQ(world.commit(producer, "orders", 0, 4, 5, "f"), ErrorCode::none);
    world.turn([&](Turn& turn) { world.transactions.group_deleted(turn, "g"); });
    CHECK(!world.transactions.has_pending_offsets("g"));
    world.check_stored();
    CHECK_EQ(world.commit(producer, "orders", 1, 10), ErrorCode::none); // it is made anew
    CHECK_EQ(world.end(producer, true), ErrorCode::none);
    CHECK_EQ(world.committed("orders", 0), -1);
    CHECK_EQ(world.committed("orders", 1), 10);
    CHECK_EQ(world.committed("orders", 0, "h"), 3);
    CHECK_EQ(world.committed("orders", 0, "f"), 4);
}

TEST("txn: pending offsets without their transaction are not taken from the tables") {
    World world;
    const Producer producer = world.init();
    PendingOffsetRow row;
    row.key = {producer.id, world.key("orders", 0)};
    world.transactions.apply(row);
    row.key.transactional_id = "x";
    world.transactions.apply(row);
    CHECK(!world.transactions.has_pending_offset(world.key("orders", 0)));
    CHECK(!world.transactions.has_pending_offsets("g"));
}
