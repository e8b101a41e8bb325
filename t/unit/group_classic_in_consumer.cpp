// Members of the classic protocol in a consumer group: what each of their requests is answered, and what happens to them when
// they are late.
#include "group_migration.h"

using namespace group_test;

namespace {

wire::join_group::Response join(World& w, const Join& request) {
    const Ticket ticket = w.join(request);
    w.check_stored();
    return w.joined(ticket);
}

/// C has joined by the consumer protocol, and this member by the classic one, in epoch 2.
std::string second_member(World& w, Join request = classic_join("")) {
    send(w, consumer_join("C"));
    const auto asked = join(w, request);
    CHECK_EQ(asked.error_code, ErrorCode::member_id_required);
    request.member = asked.member_id;
    const auto joined = join(w, request);
    CHECK_EQ(joined.error_code, ErrorCode::none);
    CHECK_EQ(joined.generation_id, 2);
    CHECK(joined.protocol_type == "consumer");
    return joined.member_id;
}

void beat_consumer(World& w, int32_t epoch) { send(w, consumer_beat(w, "C", epoch, {})); }

} // namespace

TEST("classic in consumer group: it joins, waits for what is its own, and gets it") {
    World w;
    const std::string id = second_member(w);
    CHECK_EQ(show_synced(w, w.sync(id, 2)), std::string(""));
    CHECK_EQ(w.heartbeat(id, 2), ErrorCode::none); // nothing is free
    Partitions all = {{"orders", {0, 1, 2, 3}}};
    CHECK_EQ(show(w, *send(w, consumer_beat(w, "C", 1, all)).assignment), std::string("orders/0,1"));
    CHECK_EQ(w.heartbeat(id, 2), ErrorCode::none);
    send(w, consumer_beat(w, "C", 1, {{"orders", {0, 1}}}));
    CHECK_EQ(w.heartbeat(id, 2), ErrorCode::rebalance_in_progress); // now it is
    CHECK_EQ(join(w, classic_join(id)).generation_id, 2);
    CHECK_EQ(show_synced(w, w.sync(id, 2)), std::string("orders/2,3"));
    CHECK_EQ(w.heartbeat(id, 2), ErrorCode::none);
}

TEST("classic in consumer group: the old versions of its requests") {
    World w;
    send(w, consumer_join("C"));
    Join request = classic_join("");
    request.version = 0;
    request.session_ms = 7'000;
    const auto joined = join(w, request);
    CHECK_EQ(joined.error_code, ErrorCode::none); // without being asked for an id
    CHECK_EQ(w.tables.members_.at({"g", joined.member_id}).rebalance_timeout_ms, 7'000);
    CHECK_EQ(w.leave({{"nobody", {}, {}}}, "g", 2).error_code, ErrorCode::unknown_member_id);
    CHECK_EQ(w.leave({{joined.member_id, {}, {}}}, "g", 2).error_code, ErrorCode::none);
    w.check_stored();
    CHECK_EQ(w.tables.members_.size(), size_t(1));
}

TEST("classic in consumer group: who cannot join") {
    World w;
    const std::string id = second_member(w);
    const auto refused = [&](const Join& request) { return join(w, request).error_code; };
    Join other = classic_join("");
    other.type = "connect";
    CHECK_EQ(refused(other), ErrorCode::inconsistent_group_protocol);
    other = classic_join("");
    other.protocols = {};
    CHECK_EQ(refused(other), ErrorCode::inconsistent_group_protocol);
    other.protocols = {{"sticky", subscription_owning({"orders"}, {})}};
    CHECK_EQ(refused(other), ErrorCode::inconsistent_group_protocol);
    other.protocols = {{"range", "damaged"}};
    CHECK_EQ(refused(other), ErrorCode::inconsistent_group_protocol);
    CHECK_EQ(refused(classic_join(std::string(1'001, 'm'))), ErrorCode::unknown_member_id);
    other = classic_join("somebody");
    other.instance = "unknown";
    CHECK_EQ(refused(other), ErrorCode::unknown_member_id);
    w.settings.group_consumer_max_size = 2;
    CHECK_EQ(refused(classic_join("")), ErrorCode::group_max_size_reached);
    CHECK_EQ(refused(classic_join(id)), ErrorCode::none);
    w.settings.group_consumer_migration_policy = MigrationPolicy::disabled;
    CHECK_EQ(refused(classic_join(id)), ErrorCode::inconsistent_group_protocol);
    CHECK_EQ(w.tables.members_.size(), size_t(2));
}

TEST("classic in consumer group: names that no topic can have, and racks that are no text, are left out") {
    World w;
    send(w, consumer_join("C"));
    Join request = classic_join("");
    std::string metadata = subscription_owning({"orders", "\xff\xfe", "orders", "", "events"}, {});
    metadata[1] = 3; // the version, with generation and rack
    metadata += std::string("\0\0\0\1\0\2\xc3\xa4", 8);
    request.protocols = {{"range", metadata}};
    request.version = 3;
    const auto joined = join(w, request);
    const MemberRow& row = w.tables.members_.at({"g", joined.member_id});
    CHECK(std::get<ConsumerMember>(row.state).topics == (std::vector<std::string>{"events", "orders"}));
    CHECK(!row.rack_id);
    CHECK_EQ(w.synced(w.sync(joined.member_id, joined.generation_id)).assignment.data.substr(0, 2),
             wire::View("\0\3", 2));
}

TEST("classic in consumer group: wrong ids and generations") {
    World w;
    const std::string id = second_member(w);
    CHECK_EQ(w.heartbeat("nobody", 2), ErrorCode::unknown_member_id);
    CHECK_EQ(w.heartbeat("C", 1), ErrorCode::unknown_member_id);
    CHECK_EQ(w.heartbeat(id, 1), ErrorCode::illegal_generation);
    CHECK_EQ(w.heartbeat(id, 2, "g", "unknown"), ErrorCode::unknown_member_id);
    CHECK_EQ(w.synced(w.sync("nobody", 2)).error_code, ErrorCode::unknown_member_id);
    CHECK_EQ(w.synced(w.sync("C", 1)).error_code, ErrorCode::unknown_member_id);
    CHECK_EQ(w.synced(w.sync(id, 3)).error_code, ErrorCode::illegal_generation);
    const auto sync_as = [&](const char* type, const char* name) {
        wire::sync_group::Request request;
        request.group_id = "g";
        request.generation_id = 2;
        request.member_id = id;
        request.protocol_type = type;
        request.protocol_name = name;
        return w.synced(
            w.ask(5, [&](Turn& turn, const Caller& caller) { w.groups.sync(turn, caller, request); }));
    };
    CHECK_EQ(sync_as("connect", "range").error_code, ErrorCode::inconsistent_group_protocol);
    CHECK_EQ(sync_as("consumer", "sticky").error_code, ErrorCode::inconsistent_group_protocol);
    CHECK_EQ(sync_as("consumer", "range").error_code, ErrorCode::none);
    CHECK(sync_as("consumer", "range").protocol_name == "range");
    CHECK_EQ(w.commit("orders", 0, 5, id, 2, "g", 8), ErrorCode::none);
    CHECK_EQ(w.commit("orders", 0, 6, id, 1), ErrorCode::illegal_generation);
    CHECK_EQ(w.committed("orders", 0), int64_t(5));
    w.check_stored();
}

TEST("classic in consumer group: a newer epoch is to be joined before anything is synced") {
    World w;
    const std::string id = second_member(w);
    send(w, consumer_join("D"));
    CHECK_EQ(w.synced(w.sync(id, 2)).error_code, ErrorCode::rebalance_in_progress);
    CHECK_EQ(w.heartbeat(id, 2), ErrorCode::rebalance_in_progress);
    CHECK_EQ(join(w, classic_join(id)).generation_id, 3);
    CHECK_EQ(w.synced(w.sync(id, 3)).error_code, ErrorCode::none);
}

TEST("classic in consumer group: who is silent, does not join again or does not sync is out") {
    const auto gone_after = [](World& w, const std::string& id, int64_t ms,
                               const std::function<void()>& meanwhile) {
        for (int64_t passed = 0; passed < ms; passed += 1'000) {
            CHECK(w.tables.members_.contains({"g", id}));
            w.pass(1'000);
            meanwhile();
        }
        w.check_stored();
        return !w.tables.members_.contains({"g", id});
    };
    Join request = classic_join("");
    request.session_ms = 8'000;
    request.rebalance_ms = 20'000;
    World silent;
    std::string id = second_member(silent, request);
    silent.sync(id, 2);
    CHECK(gone_after(silent, id, 8'000, [&] { beat_consumer(silent, 1); }));

    World unsynced;
    id = second_member(unsynced, request);
    CHECK(gone_after(unsynced, id, 20'000, [&] {
        beat_consumer(unsynced, 1);
        unsynced.heartbeat(id, 2);
    }));

    World late;
    id = second_member(late, request);
    late.sync(id, 2);
    send(late, consumer_join("D"));
    CHECK_EQ(late.heartbeat(id, 2), ErrorCode::rebalance_in_progress);
    CHECK(gone_after(late, id, 20'000, [&] {
        beat_consumer(late, 1);
        late.heartbeat(id, 2);
    }));
    CHECK_EQ(late.heartbeat(id, 2), ErrorCode::unknown_member_id);
}

TEST("classic in consumer group: static members are fenced, and removed by their instance id") {
    World w;
    send(w, consumer_join("C"));
    Join request = classic_join("");
    request.instance = "i";
    const std::string first = join(w, request).member_id;
    const std::string second = join(w, request).member_id;
    CHECK(first != second);
    CHECK_EQ(w.heartbeat(first, 2, "g", "i"), ErrorCode::fenced_instance_id);
    CHECK_EQ(w.heartbeat(second, 2, "g", "i"), ErrorCode::none);
    request.member = first;
    CHECK_EQ(join(w, request).error_code, ErrorCode::fenced_instance_id);
    CHECK_EQ(w.leave({{first, "i", {}}}).members[0].error_code, ErrorCode::fenced_instance_id);
    const auto left = w.leave({{"", "i", {}}, {"", "i", {}}, {"", "j", {}}});
    CHECK_EQ(left.members[0].error_code, ErrorCode::none);
    CHECK_EQ(left.members[1].error_code, ErrorCode::none);
    CHECK_EQ(left.members[2].error_code, ErrorCode::unknown_member_id);
    w.check_stored();
    CHECK_EQ(w.tables.members_.size(), size_t(1));
}

TEST("classic in consumer group: it is shown as what it is, and may change its mind") {
    World w;
    const std::string id = second_member(w);
    wire::consumer_group_describe::Request request;
    request.group_ids = {"g"};
    const auto types = [&] {
        std::string all;
        const auto response = w.groups.describe_consumers(w.lookup(), w.settings, request);
        for (const auto& member : response.groups[0].members)
            all += member.member_id + ":" + std::to_string(member.member_type) + " ";
        return all;
    };
    CHECK_EQ(types(), "C:1 " + id + ":0 ");
    CHECK_EQ(send(w, consumer_join(id)).error_code, ErrorCode::none);
    CHECK_EQ(types(), "C:1 " + id + ":1 ");
    CHECK_EQ(w.tables.members_.at({"g", id}).session_timeout_ms, -1);
    CHECK_EQ(w.heartbeat(id, 2), ErrorCode::unknown_member_id);
}
