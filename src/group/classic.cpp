#include "group/classic.h"
#include "group/classic_requests.h"
#include "group/embedded_protocol.h"

namespace kafka::group {

const char* ClassicGroup::state_name() const {
    switch (state_) {
    case State::empty:
        return "Empty";
    case State::preparing_rebalance:
        return "PreparingRebalance";
    case State::completing_rebalance:
        return "CompletingRebalance";
    case State::stable:
        return "Stable";
    }
    return "";
}

/// Whether the group has that member; one that is static is also known by its instance id.
ErrorCode ClassicGroup::check_member(const std::string& id,
                                     const std::optional<std::string>& instance_id) const {
    if (instance_id) {
        const Member* member = members_.find_static(*instance_id);
        if (!member) return ErrorCode::unknown_member_id;
        if (member->id() != id) return ErrorCode::fenced_instance_id;
    }
    return members_.find(id) ? ErrorCode::none : ErrorCode::unknown_member_id;
}

void ClassicGroup::renew_session(const Now& now, const Member& member) {
    sessions_.set(member.id(), now.time + member.session_timeout());
}

void ClassicGroup::answer_join(Turn& turn, Member& member, wire::join_group::Response response) {
    if (!member.joining) return;
    turn.effects.reply(*member.joining, std::move(response));
    members_.set_joining(member, std::nullopt);
}

/// Whoever waited for the leader while its session ended silently has a new one.
void ClassicGroup::answer_sync(Turn& turn, Member& member, ErrorCode error) {
    if (!member.syncing) return;
    wire::sync_group::Response response;
    response.error_code = error;
    if (error == ErrorCode::none) {
        response.protocol_type = protocol_type_;
        response.protocol_name = protocol_;
        response.assignment = slice_of(member.classic().assignment);
    }
    turn.effects.reply(*member.syncing, std::move(response));
    member.syncing.reset();
    renew_session(turn.now, member);
}

/// The oldest of those that are left becomes leader where the leader goes.
void ClassicGroup::remove_member(Turn& turn, Member& member, ErrorCode told) {
    answer_join(turn, member, refused_join(told, ""));
    answer_sync(turn, member, told);
    const bool led = is_leader(member);
    sessions_.cancel(member.id());
    members_.remove(std::string(member.id()));
    subscribed_.reset();
    if (!led) return;
    leader_ = members_.empty() ? std::nullopt : std::optional(members_.in_order().front()->id());
}

void ClassicGroup::dismiss(Turn& turn) {
    for (Member* member : members_.in_order()) {
        const ErrorCode told =
            member->is_new ? ErrorCode::unknown_member_id : ErrorCode::rebalance_in_progress;
        answer_join(turn, *member, refused_join(told, member->id()));
        answer_sync(turn, *member, ErrorCode::rebalance_in_progress);
    }
}

std::vector<Ticket> ClassicGroup::tickets() const {
    std::vector<Ticket> waiting;
    for (const Member* member : members_.in_order()) {
        if (member->joining) waiting.push_back(*member->joining);
        if (member->syncing) waiting.push_back(*member->syncing);
    }
    return waiting;
}

wire::describe_groups::DescribedGroup ClassicGroup::describe() const {
    wire::describe_groups::DescribedGroup described;
    described.group_id = id_;
    described.group_state = state_name();
    described.protocol_type = protocol_type_;
    const bool stable = state_ == State::stable && protocol_;
    if (stable) described.protocol_data = *protocol_;
    for (const Member* member : members_.in_order()) {
        auto& shown = described.members.emplace_back();
        shown.member_id = member->id();
        shown.group_instance_id = member->row.instance_id;
        shown.client_id = member->row.client_id;
        shown.client_host = member->row.client_host;
        shown.member_assignment = slice_of(member->classic().assignment);
        if (stable) shown.member_metadata = slice_of(member->metadata(*protocol_));
    }
    return described;
}

ErrorCode ClassicGroup::may_commit(const std::string& member_id,
                                   const std::optional<std::string>& instance_id, int32_t generation) const {
    if (generation < 0 && empty()) return ErrorCode::none; // a tool, or a consumer that assigns itself
    if (generation >= 0 || !member_id.empty() || instance_id) {
        const ErrorCode error = check_member(member_id, instance_id);
        if (error != ErrorCode::none) return error;
        if (generation != generation_) return ErrorCode::illegal_generation;
    } else if (!empty()) {
        return ErrorCode::unknown_member_id;
    }
    // It has learned of the generation, but not of its part in it: what it has read may be another's by now.
    if (state_ == State::completing_rebalance) return ErrorCode::rebalance_in_progress;
    return ErrorCode::none;
}

void ClassicGroup::committed(Turn& turn, const std::string& member_id) {
    const Member* member = members_.find(member_id);
    if (member) renew_session(turn.now, *member);
}

/// None: unknown, because not all members have said it in a way that can be read. Empty where nobody is there.
const std::optional<ClassicGroup::Topics>& ClassicGroup::subscribed_topics() const {
    if (!subscribed_) subscribed_ = read_subscriptions();
    return *subscribed_;
}

std::optional<ClassicGroup::Topics> ClassicGroup::read_subscriptions() const {
    if (protocol_type_ != consumer_protocol_type) return std::nullopt;
    Topics topics;
    if (members_.empty()) return topics;
    if (!protocol_) return std::nullopt;
    for (const Member* member : members_.in_order()) {
        const auto subscribed = subscribed_topics_of(view_of(member->metadata(*protocol_)));
        if (!subscribed) return std::nullopt;
        topics.insert(subscribed->begin(), subscribed->end());
    }
    return topics;
}

bool ClassicGroup::subscribed_to(const TopicInfo& topic, const TopicLookup&) const {
    const auto& topics = subscribed_topics();
    return topics ? topics->contains(topic.name) : protocol_type_ == consumer_protocol_type;
}

ErrorCode ClassicGroup::may_delete_offsets() const {
    return empty() || protocol_type_ == consumer_protocol_type ? ErrorCode::none : ErrorCode::non_empty_group;
}

std::optional<int64_t> ClassicGroup::unused_since_ms(int64_t commit_timestamp_ms) const {
    if (protocol_type_.empty()) return commit_timestamp_ms;
    if (empty()) {
        const int64_t emptied_ms = stored_group_ ? stored_group_->state_timestamp_ms : -1;
        return emptied_ms >= 0 ? emptied_ms : commit_timestamp_ms;
    }
    if (state_ == State::stable && subscribed_topics()) return commit_timestamp_ms;
    return std::nullopt;
}

} // namespace kafka::group
