// A classic group that a consumer of the new protocol joins becomes a consumer group, its members stay, and it becomes
// classic again when the last one of the new protocol has gone.
#include "group_migration.h"

using namespace group_test;

namespace {

constexpr auto of_orders = [](std::vector<int32_t> partitions) {
    return Partitions{{"orders", std::move(partitions)}};
};

/// Joins again owning that, which brings this generation, and shows what it has then.
std::string rejoin(World& w, const std::string& member, const Partitions& owned, int32_t generation) {
    const Ticket joined = w.join(classic_join(member, owned));
    CHECK_EQ(w.joined(joined).error_code, ErrorCode::none);
    CHECK_EQ(w.joined(joined).generation_id, generation);
    CHECK_EQ(w.joined(joined).member_id, member);
    CHECK(w.joined(joined).leader.empty() && w.joined(joined).members.empty());
    CHECK(w.joined(joined).protocol_name == "range");
    const std::string has = show_synced(w, w.sync(member, w.joined(joined).generation_id));
    w.check_stored();
    return has;
}

HeartbeatAnswer beat(World& w, const std::string& member, int32_t epoch, const Partitions& owned = {}) {
    return send(w, consumer_beat(w, member, epoch, owned));
}

/// A group of the two classic members A and B and the consumer C, each with what it is to have.
std::vector<std::string> mixed_group(World& w) {
    auto ids = stable_consumers(w, {of_orders({0, 1}), of_orders({2, 3})});
    CHECK_EQ(send(w, consumer_join("C")).error_code, ErrorCode::none);
    for (const std::string& id : ids) rejoin(w, id, {}, 2);
    ids.push_back("C");
    beat(w, "C", 2);
    CHECK_EQ(w.state(), std::string("Stable"));
    return ids;
}

} // namespace

TEST("migration: a consumer joins a classic group, and what its members have goes over bit by bit") {
    World w;
    const auto ids = stable_consumers(w, {of_orders({0, 1}), of_orders({2, 3})});
    const std::string &a = ids[0], &b = ids[1];
    CHECK_EQ(w.commit("orders", 0, 7, a, 1), ErrorCode::none);

    auto c = send(w, consumer_join("C"));
    CHECK_EQ(c.error_code, ErrorCode::none);
    CHECK_EQ(c.member_epoch, 2);
    CHECK(c.assignment && c.assignment->topic_partitions.empty()); // nothing is free yet
    CHECK(is_consumer(w));
    CHECK_EQ(w.state(), std::string("Reconciling"));
    CHECK_EQ(w.committed("orders", 0), int64_t(7));
    CHECK_EQ(w.commit("orders", 0, 8, a, 1), ErrorCode::none);

    CHECK_EQ(w.heartbeat(a, 1), ErrorCode::rebalance_in_progress);
    CHECK_EQ(w.heartbeat(b, 1), ErrorCode::rebalance_in_progress);
    CHECK_EQ(rejoin(w, a, of_orders({0, 1}), 2), std::string("orders/0,1"));
    // B has to give something up first, at its old generation, as cooperative consumers do.
    CHECK_EQ(rejoin(w, b, of_orders({2, 3}), 1), std::string("orders/2"));
    CHECK_EQ(w.heartbeat(b, 1), ErrorCode::rebalance_in_progress);
    c = beat(w, "C", 2);
    CHECK(!c.assignment);
    CHECK_EQ(rejoin(w, b, of_orders({2}), 2), std::string("orders/2"));
    CHECK_EQ(w.heartbeat(a, 2), ErrorCode::none);
    CHECK_EQ(w.heartbeat(b, 2), ErrorCode::none);
    c = beat(w, "C", 2);
    CHECK(c.assignment.has_value());
    CHECK_EQ(show(w, *c.assignment), std::string("orders/3"));
    CHECK_EQ(w.state(), std::string("Stable"));
}

TEST("migration: who waited in the classic group is told to join again") {
    World w;
    const auto ids = stable_consumers(w, {of_orders({0, 1}), of_orders({2, 3})});
    std::string newcomer;
    const Ticket joining = w.join(classic_join(ids[0]));
    const Ticket fresh = w.join_with_id(classic_join(""), &newcomer);
    CHECK(!w.answered(joining) && !w.answered(fresh));
    CHECK_EQ(send(w, consumer_join("C")).error_code, ErrorCode::none);
    CHECK_EQ(w.joined(joining).error_code, ErrorCode::rebalance_in_progress);
    CHECK_EQ(w.joined(fresh).error_code,
             ErrorCode::unknown_member_id); // it had nothing, and may not know its id
    CHECK_EQ(w.heartbeat(newcomer, 1), ErrorCode::unknown_member_id);
    rejoin(w, ids[0], {}, 2);

    World v;
    const auto others = stable_consumers(v, {of_orders({0, 1}), of_orders({2, 3})});
    v.join(classic_join(others[0]));
    v.join(classic_join(others[1]));
    const Ticket syncing = v.sync(others[1], 2);
    CHECK(!v.answered(syncing));
    CHECK_EQ(send(v, consumer_join("C")).member_epoch, 3);
    CHECK_EQ(v.synced(syncing).error_code, ErrorCode::rebalance_in_progress);
    rejoin(v, others[1], {}, 3);
}

TEST("migration: a group whose first rebalance has not ended yet becomes a consumer group of the newcomer") {
    World w;
    const Ticket waiting = w.join_with_id(classic_join(""));
    CHECK_EQ(send(w, consumer_join("C")).member_epoch, 1);
    CHECK_EQ(w.joined(waiting).error_code, ErrorCode::unknown_member_id);
    CHECK_EQ(w.tables.members_.size(), size_t(1));
}

TEST("migration: what was to be given up in the classic group stays with its member until it has joined "
     "again") {
    World w;
    const auto ids = stable_consumers(w, {of_orders({0, 1, 2, 3}), {}});
    w.join(classic_join(ids[0], of_orders({0, 1, 2, 3})));
    w.join(classic_join(ids[1]));
    // A cooperative leader leaves out what is to move, but nobody has heard of it yet.
    w.sync(ids[0], 2, {{ids[0], write_assignment(1, of_orders({0, 1}))}, {ids[1], write_assignment(1, {})}});
    CHECK_EQ(show(w, *send(w, consumer_join("C")).assignment), std::string(""));
    rejoin(w, ids[1], {}, 3);
    CHECK(!beat(w, "C", 3).assignment);
    rejoin(w, ids[0], of_orders({0, 1}), 3);
    CHECK_EQ(show(w, *beat(w, "C", 3).assignment), std::string("orders/2"));
}

TEST("migration: two members never have the same partition, whatever their leader has assigned") {
    World w;
    stable_consumers(w, {of_orders({0, 1, 99, -1}), of_orders({1, 2, 3, 3})});
    CHECK_EQ(send(w, consumer_join("C")).error_code, ErrorCode::none);
    std::string rows;
    for (const auto& [key, row] : w.tables.members_)
        rows += show(by_name(std::get<ConsumerMember>(row.state).assigned, w.lookup())) + ";";
    CHECK_EQ(rows, std::string(";orders/0,1;orders/2,3;"));
}

TEST("migration: a classic group stays classic where the policy, its protocol or its size says so") {
    const auto refused = [](World& w, const Heartbeat& join, ErrorCode error) {
        const auto before = w.tables.rows();
        CHECK_EQ(send(w, join).error_code, error);
        CHECK(!is_consumer(w));
        CHECK(w.tables.rows() == before);
        CHECK_EQ(w.state(), std::string("Stable"));
    };
    for (const MigrationPolicy policy : {MigrationPolicy::disabled, MigrationPolicy::downgrade}) {
        World w;
        stable_consumers(w, {of_orders({0})});
        w.settings.group_consumer_migration_policy = policy;
        refused(w, consumer_join("C"), ErrorCode::group_id_not_found);
    }
    World workers;
    workers.stable_group(1, {.type = "connect"});
    refused(workers, consumer_join("C"), ErrorCode::group_id_not_found);
    World large;
    stable_consumers(large, {of_orders({0}), {}});
    large.settings.group_consumer_max_size = 1;
    refused(large, consumer_join("C"), ErrorCode::group_id_not_found);
    large.settings.group_consumer_max_size = 2;
    refused(large, consumer_join("C"), ErrorCode::group_max_size_reached);
    World bad;
    stable_consumers(bad, {of_orders({0})});
    Heartbeat regex = consumer_join("C");
    regex.subscribed_topic_regex = "(";
    refused(bad, regex, ErrorCode::invalid_regular_expression);
}

TEST("migration: damaged bytes, or an assignor's own, keep a group classic") {
    const std::string good = write_assignment(1, of_orders({0}));
    std::string with_user_data = good;
    with_user_data.replace(good.size() - 4, 4, std::string("\0\0\0\1x", 5));
    for (size_t size = 1; size < good.size(); size++) {
        World w;
        std::string id;
        const Ticket ticket = w.join_with_id(classic_join(""), &id);
        w.pass(10'000);
        w.sync(id, w.joined(ticket).generation_id, {{id, good.substr(0, size)}});
        CHECK_EQ(send(w, consumer_join("C")).error_code, ErrorCode::group_id_not_found);
    }
    for (const auto& [bytes, error] :
         {std::pair{with_user_data, ErrorCode::group_id_not_found}, std::pair{good, ErrorCode::none}}) {
        World w;
        std::string id;
        const Ticket ticket = w.join_with_id(classic_join(""), &id);
        w.pass(10'000);
        w.sync(id, w.joined(ticket).generation_id, {{id, bytes}});
        CHECK_EQ(send(w, consumer_join("C")).error_code, error);
    }
    const std::string metadata = subscription_owning({"orders"}, of_orders({0}));
    for (size_t size = 0; size < metadata.size(); size++) {
        World w;
        Join join;
        join.protocols = {{"range", metadata.substr(0, size)}};
        std::string id;
        const Ticket ticket = w.join_with_id(join, &id);
        w.pass(10'000);
        w.sync(id, w.joined(ticket).generation_id, {{id, good}});
        CHECK_EQ(send(w, consumer_join("C")).error_code, ErrorCode::group_id_not_found);
    }
}

TEST("migration: rows without a protocol, which somebody has changed, do no harm") {
    World w;
    const auto ids = stable_consumers(w, {of_orders({0, 1}), of_orders({2, 3})});
    std::get<ClassicMember>(w.tables.members_.at({"g", ids[0]}).state).protocols.clear();
    w.restart();
    CHECK_EQ(send(w, consumer_join("C")).error_code, ErrorCode::group_id_not_found);
    CHECK_EQ(w.heartbeat(ids[0], 1), ErrorCode::none);

    World mixed;
    const std::string member = mixed_group(mixed)[0];
    std::get<ConsumerMember>(mixed.tables.members_.at({"g", member}).state).classic->protocols.clear();
    mixed.restart();
    CHECK_EQ(show_synced(mixed, mixed.sync(member, 2)), std::string("orders/0,1"));
    wire::sync_group::Request request;
    request.group_id = "g";
    request.generation_id = 2;
    request.member_id = member;
    request.protocol_type = "consumer";
    request.protocol_name = "range";
    const Ticket named =
        mixed.ask(5, [&](Turn& turn, const Caller& caller) { mixed.groups.sync(turn, caller, request); });
    CHECK_EQ(mixed.synced(named).error_code, ErrorCode::inconsistent_group_protocol);
    send(mixed, consumer_beat(mixed, "C", -1, {}));
    CHECK(!is_consumer(mixed));
    CHECK_EQ(mixed.joined(mixed.join(classic_join(member))).error_code,
             ErrorCode::inconsistent_group_protocol); // until its session ends
}

TEST("migration: the last consumer leaves, and the group is a classic one that rebalances") {
    World w;
    const auto ids = mixed_group(w);
    CHECK_EQ(w.commit("orders", 0, 7, ids[0], 2), ErrorCode::none);
    Heartbeat leaves = consumer_beat(w, "C", -1, {});
    CHECK_EQ(send(w, leaves).error_code, ErrorCode::none);
    CHECK(!is_consumer(w));
    CHECK_EQ(w.state(), std::string("PreparingRebalance"));
    CHECK_EQ(w.heartbeat(ids[0], 2), ErrorCode::rebalance_in_progress);
    const Ticket a = w.join(classic_join(ids[0])), b = w.join(classic_join(ids[1]));
    CHECK_EQ(w.joined(a).generation_id, 3);
    CHECK_EQ(w.joined(b).generation_id, 3);
    CHECK_EQ(w.joined(a).members.size() + w.joined(b).members.size(), size_t(2));
    const std::string leader = w.joined(a).leader;
    const Ticket synced = w.sync(leader, 3, {{leader, write_assignment(1, of_orders({0, 1, 2, 3}))}});
    CHECK_EQ(show_synced(w, synced), std::string("orders/0,1,2,3"));
    CHECK_EQ(w.committed("orders", 0), int64_t(7));
    w.check_stored();
}

TEST("migration: a group that a restart finds between the protocols goes on from there") {
    World w;
    const auto ids = mixed_group(w);
    w.restart();
    CHECK_EQ(w.heartbeat(ids[0], 2), ErrorCode::none);
    CHECK_EQ(beat(w, "C", 2).error_code, ErrorCode::none);
    w.pass(9'999);
    CHECK_EQ(w.heartbeat(ids[0], 2), ErrorCode::none);
    CHECK_EQ(w.heartbeat(ids[1], 2), ErrorCode::none);

    send(w, consumer_beat(w, "C", -1, {}));
    w.restart(); // before anybody has joined again
    CHECK(w.groups.next_deadline() <= w.now.time);
    CHECK(w.groups.next_deadline() > Time::min() + std::chrono::hours(1)); // its distance can be told
    w.tick();
    CHECK_EQ(w.state(), std::string("PreparingRebalance"));
    CHECK_EQ(w.heartbeat(ids[0], 2), ErrorCode::rebalance_in_progress);
    w.restart();
    CHECK(!w.answered(w.join(classic_join(ids[0])))); // even if it comes first
    CHECK_EQ(w.joined(w.join(classic_join(ids[1]))).generation_id, 3);
    w.check_stored();
}

TEST("migration: the group stays a consumer group where the policy or its size says so") {
    World w;
    const auto ids = mixed_group(w);
    w.settings.group_consumer_migration_policy = MigrationPolicy::upgrade;
    send(w, consumer_beat(w, "C", -1, {}));
    CHECK(is_consumer(w));
    CHECK_EQ(w.heartbeat(ids[0], 2), ErrorCode::rebalance_in_progress);
    CHECK_EQ(rejoin(w, ids[0], {}, 3), std::string("orders/0,1"));
    CHECK_EQ(rejoin(w, ids[1], {}, 3), std::string("orders/2,3"));
    w.topics["orders"].partitions = 6;
    w.topic_changes++;
    CHECK_EQ(w.heartbeat(ids[1], 3), ErrorCode::rebalance_in_progress); // nobody leads who would see it
    rejoin(w, ids[1], {}, 4);
    rejoin(w, ids[0], {}, 4);
    w.settings.group_max_size = 1;
    w.settings.group_consumer_migration_policy = MigrationPolicy::downgrade;
    CHECK_EQ(w.heartbeat(ids[0], 4), ErrorCode::none);
    CHECK(is_consumer(w));
    w.settings.group_max_size = 2; // all have what they are to have: it goes over without a rebalance
    CHECK_EQ(w.heartbeat(ids[0], 4), ErrorCode::none);
    CHECK(!is_consumer(w));
    CHECK_EQ(w.state(), std::string("Stable"));
    CHECK_EQ(w.heartbeat(ids[1], 4), ErrorCode::none);
    CHECK_EQ(show_synced(w, w.sync(ids[1], 4)), std::string("orders/2,3,5"));
    w.check_stored();
}

TEST("migration: the session of the last consumer ends, or a tool removes it") {
    World w;
    const auto ids = mixed_group(w);
    for (int i = 0; i < 5; i++) {
        w.pass(9'000);
        for (int m = 0; m < 2; m++) w.heartbeat(ids[size_t(m)], 2);
    }
    CHECK(!is_consumer(w));
    w.check_stored();
    World v;
    mixed_group(v);
    CHECK_EQ(v.leave("C"), ErrorCode::none);
    CHECK(!is_consumer(v));
    v.check_stored();
}

TEST("migration: a static member that restarts with the other protocol has its place") {
    World w;
    Join join = classic_join("");
    join.instance = "i";
    const Ticket first = w.join(join);
    w.pass(10'000);
    const std::string old = w.joined(first).member_id;
    w.sync(old, 1, {{old, write_assignment(1, of_orders({0, 1, 2, 3}))}});

    Heartbeat upgraded = consumer_join("new");
    upgraded.instance_id = "i";
    auto answer = send(w, upgraded);
    CHECK_EQ(show(w, *answer.assignment), std::string("orders/0,1,2,3"));
    CHECK_EQ(w.heartbeat(old, 1), ErrorCode::unknown_member_id);
    CHECK_EQ(w.heartbeat(old, 1, "g", "i"), ErrorCode::fenced_instance_id);
    CHECK_EQ(w.tables.members_.size(), size_t(1));

    // And back: nothing has changed for anybody, so that there is no rebalance.
    const Ticket back = w.join(join);
    CHECK_EQ(w.joined(back).error_code, ErrorCode::none);
    CHECK_EQ(w.joined(back).generation_id, answer.member_epoch);
    CHECK(!is_consumer(w));
    CHECK_EQ(w.state(), std::string("Stable"));
    CHECK_EQ(show_synced(w, w.sync(w.joined(back).member_id, answer.member_epoch)),
             std::string("orders/0,1,2,3"));
    CHECK_EQ(beat(w, "new", answer.member_epoch).error_code, ErrorCode::group_id_not_found);
    w.check_stored();
}
