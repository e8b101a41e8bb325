// Both kinds of groups in one container: which answers which request, how an empty group becomes one of the other
// kind, and what administration sees.
#include "group_migration.h"

using namespace group_test;

namespace {

ErrorCode leave_consumer(World& w, const std::string& member = "M") {
    return send(w, consumer_beat(w, member, -1, {})).error_code;
}

wire::offset_fetch::Response fetch(World& w, std::optional<std::string> member, int32_t epoch) {
    wire::offset_fetch::Request request;
    auto& group = request.groups.emplace_back();
    group.group_id = "g";
    group.member_id = std::move(member);
    group.member_epoch = epoch;
    group.topics.reset(); // all of them
    return w.groups.fetch_offsets(w.lookup(), 9, request);
}

} // namespace

TEST("a heartbeat with epoch 0 makes a consumer group, others find none") {
    World w;
    Heartbeat request = consumer_join("M");
    request.member_epoch = 4;
    CHECK_EQ(send(w, request).error_code, ErrorCode::group_id_not_found);
    CHECK_EQ(w.state(), std::string("none"));
    request = consumer_join("M");
    request.subscribed_topic_regex = "(";
    CHECK_EQ(send(w, request).error_code, ErrorCode::invalid_regular_expression);
    CHECK_EQ(w.state(), std::string("none"));
    request = consumer_join("M");
    request.group_id = std::string(1'001, 'g');
    CHECK_EQ(send(w, request).error_code, ErrorCode::invalid_group_id);
    CHECK_EQ(send(w, consumer_join("M")).member_epoch, 1);
    CHECK_EQ(w.state(), std::string("Stable"));
}

TEST("a classic group with members of another sort stays one, and so does a consumer group") {
    World w;
    w.stable_group(1);
    CHECK_EQ(send(w, consumer_join("M")).error_code, ErrorCode::group_id_not_found);
    CHECK_EQ(w.state(), std::string("Stable"));
    World v;
    send(v, consumer_join("M"));
    CHECK_EQ(v.joined(v.join({})).error_code, ErrorCode::inconsistent_group_protocol);
    CHECK_EQ(v.heartbeat("M", 1), ErrorCode::unknown_member_id);
    CHECK_EQ(v.synced(v.sync("M", 1)).error_code, ErrorCode::unknown_member_id);
    CHECK_EQ(v.leave("N"), ErrorCode::unknown_member_id);
    v.check_stored();
}

TEST("an empty classic group becomes a consumer group and keeps its offsets") {
    World w;
    const auto ids = w.stable_group(1);
    CHECK_EQ(w.commit("orders", 0, 7, ids[0], 1), ErrorCode::none);
    w.leave(ids[0]);
    CHECK_EQ(send(w, consumer_join("M")).error_code, ErrorCode::none);
    CHECK_EQ(w.committed("orders", 0), int64_t(7));
    w.restart();
    CHECK_EQ(w.committed("orders", 0), int64_t(7));
    CHECK(std::holds_alternative<ConsumerGroup>(w.groups.find("g")->kind));
    w.check_stored();
}

TEST("an empty consumer group becomes a classic one and keeps its offsets") {
    World w;
    send(w, consumer_join("M"));
    CHECK_EQ(w.commit("orders", 0, 7, "M", 1), ErrorCode::none);
    CHECK_EQ(leave_consumer(w), ErrorCode::none);
    CHECK_EQ(w.state(), std::string("Empty"));
    w.stable_group(1);
    w.check_stored();
    CHECK_EQ(w.committed("orders", 0), int64_t(7));
    w.restart();
    CHECK(std::holds_alternative<ClassicGroup>(w.groups.find("g")->kind));
    CHECK_EQ(w.committed("orders", 0), int64_t(7));
    w.check_stored();
}

TEST("a join that is refused leaves an empty consumer group what it is") {
    World w;
    send(w, consumer_join("M"));
    leave_consumer(w);
    const GroupRow before = w.tables.groups_.at("g");
    const auto refused = [&](const Join& join) {
        const ErrorCode error = w.joined(w.join(join)).error_code;
        CHECK(w.tables.groups_.at("g") == before);
        w.check_stored();
        return error;
    };
    CHECK_EQ(refused({.member = "nobody"}), ErrorCode::unknown_member_id);
    CHECK_EQ(refused({.member = "nobody", .instance = "i"}), ErrorCode::unknown_member_id);
    CHECK_EQ(refused({.protocols = {}}), ErrorCode::inconsistent_group_protocol);
    CHECK_EQ(refused({.type = ""}), ErrorCode::inconsistent_group_protocol);
    CHECK_EQ(w.joined(w.join({})).error_code, ErrorCode::member_id_required);
    CHECK(std::holds_alternative<ClassicGroup>(w.groups.find("g")->kind));
}

TEST("a classic member that never comes back leaves the group classic, in the tables as well") {
    World w;
    send(w, consumer_join("M"));
    leave_consumer(w);
    CHECK_EQ(w.joined(w.join({})).error_code, ErrorCode::member_id_required);
    w.check_stored();
    w.pass(60'000);
    w.check_stored();
}

TEST("members of a consumer group commit and fetch by their epoch") {
    World w;
    send(w, consumer_join("M"));
    CHECK_EQ(w.commit("orders", 0, 7, "M", 1), ErrorCode::none);
    CHECK_EQ(w.commit("orders", 0, 8, "M", 0), ErrorCode::stale_member_epoch);
    CHECK_EQ(w.commit("orders", 0, 8, "N", 1), ErrorCode::unknown_member_id);
    CHECK_EQ(w.commit("orders", 0, 8), ErrorCode::unknown_member_id);
    CHECK_EQ(w.commit("orders", 0, 8, "M", 1, "g", 8), ErrorCode::unsupported_version);
    CHECK_EQ(w.committed("orders", 0), int64_t(7));
    CHECK_EQ(fetch(w, "M", 1).groups[0].error_code, ErrorCode::none);
    CHECK_EQ(fetch(w, "M", 2).groups[0].error_code, ErrorCode::stale_member_epoch);
    CHECK_EQ(fetch(w, "N", 1).groups[0].error_code, ErrorCode::unknown_member_id);
    CHECK_EQ(fetch(w, std::nullopt, -1).groups[0].topics.size(), size_t(1));
    CHECK(fetch(w, "M", 2).groups[0].topics.empty());
    leave_consumer(w);
    CHECK_EQ(w.commit("orders", 0, 9), ErrorCode::none);
    w.check_stored();
}

TEST("list, describe and delete know both kinds") {
    World w;
    send(w, consumer_join("M"));
    w.stable_group(1, {.group = "old"});
    auto listed = w.groups.list({});
    CHECK_EQ(listed.groups.size(), size_t(2));
    CHECK_EQ(listed.groups[0].group_type, std::string("consumer"));
    CHECK_EQ(listed.groups[0].protocol_type, std::string("consumer"));
    CHECK_EQ(listed.groups[0].group_state, std::string("Stable"));
    wire::list_groups::Request only;
    only.types_filter = {"Consumer"};
    CHECK_EQ(w.groups.list(only).groups.size(), size_t(1));
    wire::describe_groups::Request classic;
    classic.groups = {"g", "old"};
    auto described = w.groups.describe(6, classic);
    CHECK_EQ(described.groups[0].error_code, ErrorCode::group_id_not_found);
    CHECK_EQ(described.groups[1].error_code, ErrorCode::none);
    wire::consumer_group_describe::Request consumers;
    consumers.group_ids = {"g", "old", "none", ""};
    const auto shown = w.groups.describe_consumers(w.lookup(), w.settings, consumers);
    CHECK_EQ(shown.groups[0].members.size(), size_t(1));
    CHECK_EQ(shown.groups[0].members[0].assignment.topic_partitions[0].topic_name, std::string("orders"));
    CHECK_EQ(shown.groups[1].error_code, ErrorCode::group_id_not_found);
    CHECK_EQ(shown.groups[2].error_code, ErrorCode::group_id_not_found);
    CHECK_EQ(shown.groups[3].error_code, ErrorCode::invalid_group_id);
    const auto remove = [&] {
        wire::delete_groups::Request request;
        request.groups_names = {"g"};
        const Ticket ticket = w.ask(
            2, [&](Turn& turn, const Caller& caller) { w.groups.delete_groups(turn, caller, request); });
        return w.answer<wire::delete_groups::Response>(ticket).results[0].error_code;
    };
    CHECK_EQ(remove(), ErrorCode::non_empty_group);
    leave_consumer(w);
    CHECK_EQ(remove(), ErrorCode::none);
    CHECK_EQ(w.state(), std::string("none"));
    w.check_stored();
}

TEST("offsets of subscribed topics cannot be deleted, those of others can") {
    World w;
    send(w, consumer_join("M"));
    w.commit("orders", 0, 7, "M", 1);
    w.commit("events", 0, 7, "M", 1);
    wire::offset_delete::Request request;
    request.group_id = "g";
    request.topics = {{"orders", {{0}}}, {"events", {{0}}}};
    const Ticket ticket =
        w.ask(0, [&](Turn& turn, const Caller& caller) { w.groups.delete_offsets(turn, caller, request); });
    const auto& response = w.answer<wire::offset_delete::Response>(ticket);
    CHECK_EQ(response.error_code, ErrorCode::none);
    CHECK_EQ(response.topics[0].partitions[0].error_code, ErrorCode::group_subscribed_to_topic);
    CHECK_EQ(response.topics[1].partitions[0].error_code, ErrorCode::none);
    CHECK_EQ(w.committed("events", 0), int64_t(-1));
    w.check_stored();
}

TEST("the container lets sessions end, also after a restart, and tells groups of changed topics") {
    World w;
    send(w, consumer_join("M"));
    w.restart();
    w.pass(44'999);
    CHECK_EQ(w.state(), std::string("Stable"));
    w.topics["orders"].partitions = 5;
    w.topic_changes++;
    CHECK_EQ(send(w, consumer_beat(w, "M", 1, {})).member_epoch, 2);
    w.pass(44'999);
    CHECK_EQ(w.state(), std::string("Stable"));
    w.pass(1);
    CHECK_EQ(w.state(), std::string("Empty"));
    w.check_stored();
}

TEST("an empty consumer group without offsets is forgotten in time") {
    World w;
    send(w, consumer_join("M"));
    leave_consumer(w);
    w.pass(int64_t(2) * 10'080 * 60'000);
    CHECK_EQ(w.state(), std::string("none"));
    w.check_stored();
}

TEST("a member says and is assigned a megabyte at most") {
    const std::string most(1 << 20, 'x'), more = most + "x";
    World w;
    CHECK_EQ(w.joined(w.join({.protocols = {{"range", more}}})).error_code, ErrorCode::unknown_server_error);
    CHECK_EQ(w.joined(w.join({.protocols = {{"range", most}}})).error_code, ErrorCode::unknown_server_error);
    const std::string just_fits = most.substr(std::string("range").size());
    const auto ids = w.stable_group(1, {.protocols = {{"range", just_fits}}});
    CHECK_EQ(w.synced(w.sync(ids[0], 1, {{ids[0], more}})).error_code, ErrorCode::unknown_server_error);
    CHECK_EQ(w.heartbeat(ids[0], 1), ErrorCode::none);

    Heartbeat request = consumer_join("M");
    request.group_id = "consumers";
    request.subscribed_topic_names = {most, "orders"};
    CHECK_EQ(send(w, request).error_code, ErrorCode::invalid_request);
    request.subscribed_topic_names.reset();
    request.subscribed_topic_regex = more;
    CHECK_EQ(send(w, request).error_code, ErrorCode::invalid_request);
    CHECK_EQ(w.state("consumers"), std::string("none"));
}
