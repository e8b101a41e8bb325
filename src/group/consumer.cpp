#include "group/consumer.h"
#include "group/config.h"
#include "group/limits.h"

#include <algorithm>

namespace kafka::group {

namespace {

constexpr int32_t joins = 0, leaves = -1, leaves_for_a_while = -2;

/// What a request says of the member; what it leaves out is as before.
void take_over(MemberRow& row, const ConsumerGroup::Request& request, const Client& client) {
    ConsumerMember& member = std::get<ConsumerMember>(row.state);
    if (request.instance_id) row.instance_id = request.instance_id;
    if (request.rack_id) row.rack_id = request.rack_id;
    if (request.rebalance_timeout_ms != -1)
        row.rebalance_timeout_ms = std::max(request.rebalance_timeout_ms, 0);
    if (request.server_assignor) member.assignor = request.server_assignor;
    if (request.subscribed_topic_regex) {
        member.topic_regex = request.subscribed_topic_regex;
        if (member.topic_regex->empty()) member.topic_regex.reset();
    }
    if (request.subscribed_topic_names) {
        member.topics = *request.subscribed_topic_names;
        std::sort(member.topics.begin(), member.topics.end());
        member.topics.erase(std::unique(member.topics.begin(), member.topics.end()), member.topics.end());
    }
    row.client_id = client.id;
    row.client_host = client.host;
    row.session_timeout_ms = -1; // the group's
    member.classic.reset();
}

bool same_subscription(const MemberRow& a, const MemberRow& b) {
    const auto &x = std::get<ConsumerMember>(a.state), &y = std::get<ConsumerMember>(b.state);
    return x.topics == y.topics && x.topic_regex == y.topic_regex;
}

/// Blanks are as good as nothing, as in Kafka.
bool blank(wire::View text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return uint8_t(c) <= ' '; });
}

bool given_but_blank(const std::optional<std::string>& text) { return text && blank(*text); }

} // namespace

std::optional<ConsumerGroup::Refusal> ConsumerGroup::check(const Request& request, int16_t version,
                                                           const Settings& settings) {
    const auto invalid = [](std::string why) { return Refusal{ErrorCode::invalid_request, std::move(why)}; };
    const bool needs_member_id = version >= 1 || request.member_epoch > 0 || request.member_epoch == leaves;
    if (needs_member_id && blank(request.member_id)) return invalid("the member id is empty");
    if (!storable_member_id(request.member_id)) return invalid("the member id is too long");
    if (blank(request.group_id)) return invalid("the group id is empty");
    if (given_but_blank(request.instance_id)) return invalid("the instance id is empty");
    if (given_but_blank(request.rack_id)) return invalid("the rack id is empty");
    if (request.member_epoch < leaves_for_a_while) return invalid("the member epoch is less than -2");
    if (request.member_epoch == leaves_for_a_while && !request.instance_id)
        return invalid("only a static member can leave for a while");
    if (request.member_epoch == joins) {
        if (request.rebalance_timeout_ms == -1) return invalid("to join takes a rebalance timeout");
        if (!request.topic_partitions || !request.topic_partitions->empty())
            return invalid("who joins has an empty list of partitions");
        if (!request.subscribed_topic_names && !request.subscribed_topic_regex)
            return invalid("to join takes a subscription");
    }
    const std::vector<std::string>& assignors = settings.group_consumer_assignors;
    if (request.server_assignor &&
        std::find(assignors.begin(), assignors.end(), *request.server_assignor) == assignors.end())
        return Refusal{ErrorCode::unsupported_assignor, "no assignor is called " + *request.server_assignor};
    return {};
}

ConsumerGroup::HeartbeatResponse ConsumerGroup::refusal(const Refusal& refusal) {
    HeartbeatResponse response;
    response.error_code = refusal.error;
    response.error_message = refusal.why;
    return response;
}

std::optional<ConsumerGroup::HeartbeatResponse>
ConsumerGroup::refuse_unknown(const Request& request, int16_t version, const Settings& settings) {
    if (const std::optional<Refusal> refused = check(request, version, settings)) return refusal(*refused);
    if (request.member_epoch == joins) return {};
    return refusal({ErrorCode::group_id_not_found, "there is no consumer group " + request.group_id});
}

void ConsumerGroup::heartbeat(Turn& turn, const Caller& caller, const Request& request) {
    std::variant<HeartbeatResponse, Refusal> result;
    if (std::optional<Refusal> refused = check(request, caller.version, turn.settings))
        result = std::move(*refused);
    else if (request.member_epoch < 0)
        result = leave(request, turn);
    else
        result = beat(request, caller, turn);
    const Refusal* refused = std::get_if<Refusal>(&result);
    turn.effects.reply(caller.ticket,
                       refused ? refusal(*refused) : std::get<HeartbeatResponse>(std::move(result)));
}

/// A regular heartbeat. Nothing changes before everything that can be refused has been looked at.
std::variant<ConsumerGroup::HeartbeatResponse, ConsumerGroup::Refusal>
ConsumerGroup::beat(const Request& request, const Caller& caller, Turn& turn) {
    const Owned owned = from_request(request.topic_partitions);
    std::variant<Admitted, Refusal> admission = admit(request, owned, turn);
    if (Refusal* refused = std::get_if<Refusal>(&admission)) return std::move(*refused);
    const Admitted& admitted = std::get<Admitted>(admission);

    MemberRow row = admitted.row;
    take_over(row, request, caller.client);
    const bool changed = !same_subscription(admitted.row, row);
    if (std::optional<Refusal> refused = check_regex(row, changed, turn.topics)) return std::move(*refused);

    take_in(admitted, std::move(row), owned, turn);
    heard_of(members_.find(admitted.row.member_id)->second, turn.now.time, turn.settings);
    flush(turn.effects);
    return answer(request, admitted.row, turn.settings);
}

/// The topics are matched here, so that an expression that takes too long is refused before anything has changed. It may begin to do
/// so when topics come: then it matches nothing any more, and whoever subscribes by it is told.
std::optional<ConsumerGroup::Refusal> ConsumerGroup::check_regex(const MemberRow& row, bool changed,
                                                                 const TopicLookup& topics) {
    const std::optional<std::string>& regex = std::get<ConsumerMember>(row.state).topic_regex;
    if (!regex) return {};
    if (changed && !has_room_for(*regex, row.member_id))
        return Refusal{ErrorCode::invalid_regular_expression,
                       "the other members subscribe by " + std::to_string(max_expressions) +
                           " other regular expressions, and more are not allowed"};
    const std::optional<std::string> why = regexes_.refusal(*regex, topics, !changed);
    if (!why) return {};
    return Refusal{ErrorCode::invalid_regular_expression,
                   "the regular expression is not legal here: " + *why};
}

bool ConsumerGroup::has_room_for(const std::string& regex, const std::string& member_id) const {
    std::set<wire::View> others;
    for (const auto& [id, member] : members_)
        if (id != member_id && member.state().topic_regex) others.insert(*member.state().topic_regex);
    return others.size() < max_expressions || others.contains(regex);
}

/// The member is from now on as the row says; epochs, targets and what it has follow from that.
void ConsumerGroup::take_in(const Admitted& admitted, MemberRow row, const Owned& owned, Turn& turn) {
    const std::string member_id = row.member_id;
    const bool changed = !same_subscription(admitted.row, row);
    const bool first = members_.empty();
    if (admitted.replaces) remove(*admitted.replaces, turn.effects);
    if (const Member* known = find(member_id); !known || known->row != row) put(std::move(row));
    advance_epoch(changed, first, turn);
    if (row_.assignment_epoch < row_.epoch) assign_targets(turn);
    reconcile(member_id, owned, changed, turn);
}

/// The group's epoch rises when it is new, and when a subscription or a subscribed topic has changed.
void ConsumerGroup::advance_epoch(bool changed, bool first_member, Turn& turn) {
    bool advance = changed || row_.epoch == 0;
    if (std::exchange(changes_seen_, turn.topics.changes) != turn.topics.changes) {
        SubscribedTopics subscribed(turn.topics, regexes_);
        for (const auto& [id, member] : members_) subscribed.of(member.state());
        advance |= subscribed.hash() != row_.metadata_hash;
    }
    if (!advance && !first_member) return;
    GroupRow row = row_;
    row.epoch += advance;
    if (first_member) row.state_timestamp_ms = turn.now.ms;
    put(std::move(row));
}

ConsumerGroup::HeartbeatResponse ConsumerGroup::answer(const Request& request, const MemberRow& before,
                                                       const Settings& settings) const {
    const Member& member = *find(before.member_id);
    HeartbeatResponse response;
    response.member_id = member.row.member_id;
    response.member_epoch = member.state().epoch;
    response.heartbeat_interval_ms = heartbeat_interval_ms(row_.group_id, settings);
    const bool says_everything = request.rebalance_timeout_ms != -1 && request.topic_partitions &&
                                 (request.subscribed_topic_names || request.subscribed_topic_regex);
    if (request.member_epoch == joins || says_everything ||
        member.state().assigned != std::get<ConsumerMember>(before.state).assigned)
        response.assignment = to_response(member.state().assigned);
    return response;
}

} // namespace kafka::group
