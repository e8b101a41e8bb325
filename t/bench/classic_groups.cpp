// See classic_groups.h.
#include "classic_groups.h"

#include "statistics.h"

#include <cstdio>

namespace bench {
namespace {

constexpr int32_t session_timeout_ms = 45000,
                  rebalance_timeout_ms = 300000; // the defaults of Kafka's consumer
const std::string protocol = "range";

void put(wire::Writer& out, const std::string& text) {
    out.big(int16_t(text.size()));
    out.raw(text);
}

std::string bytes_of(wire::Writer out) {
    std::string bytes;
    for (const wire::Slice& part : std::move(out).finish().parts) bytes.append(part.data);
    return bytes;
}

/// As consumers tell each other. The round stands in the user data: a member that has something new to say makes its group
/// rebalance.
std::string subscription(const std::string& topic, int round) {
    wire::Writer out;
    out.big(int16_t(0)); // version
    out.big(int32_t(1));
    put(out, topic);
    out.big(int32_t(sizeof round));
    out.big(int32_t(round));
    return bytes_of(std::move(out));
}

/// So many partitions from `first` on.
std::string assignment(const std::string& topic, int first, int partitions) {
    wire::Writer out;
    out.big(int16_t(0)); // version
    out.big(int32_t(1));
    put(out, topic);
    out.big(int32_t(partitions));
    for (int i = 0; i < partitions; i++) out.big(int32_t(first + i));
    out.big(int32_t(-1)); // no user data
    return bytes_of(std::move(out));
}

} // namespace

ClassicGroups::ClassicGroups(const std::string& bootstrap, const std::string& topic, int partitions,
                             int groups, int members)
    : bootstrap_(bootstrap), topic_(topic), partitions_(partitions), groups_(bootstrap, groups) {
    allow_many_connections();
    await_coordinators(bootstrap, groups_.all());
    for (int i = 0; i < groups * members; i++) {
        members_.emplace_back(bootstrap);
        members_.back().group = size_t(i % groups);
    }
    // The first member of each group waits for the initial delay. Once all others have ids, the group waits for them to join.
    for (Member& member : members_) get_id(member);
    for (size_t i = 0; i < size_t(groups); i++) send_join(members_[i]);
    for (size_t i = 0; i < size_t(groups); i++) check(receive_join(members_[i]).error_code, "join group");
    join_all();
    sync_all();
}

void ClassicGroups::send_join(Member& member) {
    wire::join_group::Request request;
    request.group_id = groups_[member.group];
    request.session_timeout_ms = session_timeout_ms;
    request.rebalance_timeout_ms = rebalance_timeout_ms;
    request.member_id = member.id;
    request.protocol_type = "consumer";
    const std::string metadata = subscription(topic_, round_);
    request.protocols.push_back({protocol, metadata});
    member.connection.send(encode(request));
}

wire::join_group::Response ClassicGroups::receive_join(Member& member) {
    auto response = decode<wire::join_group::Request>(member.connection.receive());
    member.id = response.member_id;
    member.generation = response.generation_id;
    member.followers.clear();
    for (const auto& other : response.members) member.followers.push_back(other.member_id);
    return response;
}

void ClassicGroups::get_id(Member& member) {
    send_join(member);
    const auto response = receive_join(member);
    if (response.error_code != wire::ErrorCode::member_id_required) check(response.error_code, "join group");
}

/// Each has something new to say: one that has not is only told of the generation that there is.
void ClassicGroups::join_all() {
    round_++;
    for (Member& member : members_) send_join(member);
    for (Member& member : members_) check(receive_join(member).error_code, "join group");
}

void ClassicGroups::sync_all() {
    for (Member& member : members_) {
        wire::sync_group::Request request;
        request.group_id = groups_[member.group];
        request.generation_id = member.generation;
        request.member_id = member.id;
        std::deque<std::string> parts;
        const int count = int(member.followers.size());
        for (int i = 0, first = 0; i < count; i++) {
            const int next = partitions_ * (i + 1) / count;
            parts.push_back(assignment(topic_, first, next - first));
            request.assignments.push_back({member.followers[size_t(i)], parts.back()});
            first = next;
        }
        member.connection.send(encode(request));
    }
    for (Member& member : members_) {
        const auto response = decode<wire::sync_group::Request>(member.connection.receive());
        check(response.error_code, "sync group");
    }
}

double ClassicGroups::rebalance() {
    const auto begun = Clock::now();
    join_all();
    sync_all();
    return seconds_since(begun);
}

void ClassicGroups::send_heartbeat(size_t member) {
    Member& from = members_[member];
    from.connection.send(encode(wire::heartbeat::Request{groups_[from.group], from.generation, from.id, {}}));
}

void ClassicGroups::receive_heartbeat(size_t member) {
    check(decode<wire::heartbeat::Request>(members_[member].connection.receive()).error_code, "heartbeat");
}

void ClassicGroups::leave() {
    Connection connection(bootstrap_);
    std::vector<wire::leave_group::Request> requests(groups_.all().size());
    for (const Member& member : members_) requests[member.group].members.push_back({member.id, {}, {}});
    for (size_t i = 0; i < requests.size(); i++) {
        requests[i].group_id = groups_[i];
        check(ask(connection, requests[i]).error_code, "leave group");
    }
}

ClassicGroups::~ClassicGroups() {
    try {
        leave();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench: members stay: %s\n", e.what());
    }
}

} // namespace bench
