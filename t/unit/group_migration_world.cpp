#include "group_migration.h"

namespace group_test {

std::string subscription_owning(const std::vector<std::string>& topics, const Partitions& owned) {
    wire::Writer out;
    out.raw(subscription(topics));
    out.out[1] = 1; // the version
    out.big(int32_t(owned.size()));
    for (const NamedPartitions& topic : owned) {
        out.big(int16_t(topic.topic.size()));
        out.raw(topic.topic);
        out.big(int32_t(topic.partitions.size()));
        for (const int32_t partition : topic.partitions) out.big(partition);
    }
    return out.out;
}

std::string show(const Partitions& all) {
    std::string text;
    for (const NamedPartitions& topic : all) {
        text += (text.empty() ? "" : " ") + topic.topic + "/";
        for (size_t i = 0; i < topic.partitions.size(); i++)
            text += (i ? "," : "") + std::to_string(topic.partitions[i]);
    }
    return text;
}

std::string show(const World& world, const wire::consumer_group_heartbeat::Assignment& assignment) {
    Assignment all;
    for (const auto& topic : assignment.topic_partitions) all.push_back({topic.topic_id, topic.partitions});
    return show(by_name(all, world.lookup()));
}

std::string show_synced(const World& world, Ticket ticket) {
    const auto& response = world.synced(ticket);
    if (response.error_code != ErrorCode::none) return wire::name(response.error_code);
    const auto read = read_assignment(response.assignment.data);
    return read ? show(read->partitions) : "not an assignment";
}

Heartbeat consumer_join(const std::string& member, const std::vector<std::string>& topics) {
    Heartbeat request;
    request.group_id = "g";
    request.member_id = member;
    request.rebalance_timeout_ms = 30'000;
    request.subscribed_topic_names = topics;
    request.topic_partitions.emplace();
    return request;
}

Heartbeat consumer_beat(const World& world, const std::string& member, int32_t epoch,
                        const Partitions& owned) {
    Heartbeat request;
    request.group_id = "g";
    request.member_id = member;
    request.member_epoch = epoch;
    request.topic_partitions = to_response(by_id(owned, world.lookup())).topic_partitions;
    return request;
}

HeartbeatAnswer send(World& world, const Heartbeat& request, int16_t version) {
    const Ticket ticket = world.ask(version, [&](Turn& turn, const Caller& caller) {
        world.groups.consumer_heartbeat(turn, caller, request);
    });
    world.check_stored();
    return world.answer<HeartbeatAnswer>(ticket);
}

Join classic_join(const std::string& member, const Partitions& owned,
                  const std::vector<std::string>& topics) {
    Join join;
    join.member = member;
    join.protocols = {{"range", subscription_owning(topics, owned)}};
    return join;
}

std::vector<std::string> stable_consumers(World& world, const std::vector<Partitions>& assigned) {
    std::vector<Ticket> tickets;
    for (size_t i = 0; i < assigned.size(); i++) tickets.push_back(world.join_with_id(classic_join("")));
    world.pass(world.settings.group_initial_rebalance_delay_ms * 3);
    std::vector<std::string> ids;
    std::vector<std::pair<std::string, std::string>> parts;
    for (size_t i = 0; i < assigned.size(); i++) {
        ids.push_back(world.joined(tickets[i]).member_id);
        parts.emplace_back(ids[i], write_assignment(1, assigned[i]));
    }
    const int32_t generation = world.joined(tickets[0]).generation_id;
    for (size_t i = ids.size(); i-- > 0;)
        world.sync(ids[i], generation, i == 0 ? parts : std::vector<std::pair<std::string, std::string>>());
    CHECK_EQ(world.state(), std::string("Stable"));
    world.check_stored();
    return ids;
}

} // namespace group_test
