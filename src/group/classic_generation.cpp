// From one generation of a classic group to the next, and what happens because time passes.
#include "group/classic.h"

#include <algorithm>

namespace kafka::group {

using namespace std::chrono_literals;

void ClassicGroup::rebalance_or_complete(Turn& turn) {
    if (state_ == State::preparing_rebalance)
        maybe_complete_join(turn);
    else
        prepare_rebalance(turn);
}

void ClassicGroup::prepare_rebalance(Turn& turn) {
    for (Member* member : members_.in_order()) {
        if (state_ == State::completing_rebalance) member->classic().assignment = nullptr;
        answer_sync(turn, *member, ErrorCode::rebalance_in_progress);
        member->must_sync = false;
    }
    sync_deadline_.reset();
    initial_ = empty();
    state_ = State::preparing_rebalance;
    if (!initial_) {
        join_deadline_ = turn.now.time + members_.rebalance_timeout();
        return maybe_complete_join(turn);
    }
    newcomer_ = false;
    initial_delay_ = milliseconds(std::max(turn.settings.group_initial_rebalance_delay_ms, 0));
    initial_left_ = std::max(members_.rebalance_timeout() - initial_delay_, 0ms);
    join_deadline_ = turn.now.time + initial_delay_;
}

void ClassicGroup::maybe_complete_join(Turn& turn) {
    if (state_ == State::preparing_rebalance && !initial_ && all_joined()) complete_join(turn);
}

/// Dynamic members that have not joined are out. Static ones stay until their session ends, but if they are all
/// that is left, the group goes on waiting.
void ClassicGroup::complete_join(Turn& turn) {
    join_deadline_.reset();
    const std::vector<Member*> members = members_.in_order();
    for (Member* member : members)
        if (!member->joining && !member->is_static())
            remove_member(turn, *member, ErrorCode::unknown_member_id);
    if (!members_.empty() && !elect_joined_leader()) {
        join_deadline_ = turn.now.time + std::max(members_.rebalance_timeout(), milliseconds(1s));
        return;
    }
    start_generation(turn);
}

/// The leader has to be there. False if nobody is.
bool ClassicGroup::elect_joined_leader() {
    const Member* leader = leader_ ? members_.find(*leader_) : nullptr;
    if (leader && leader->joining) return true;
    for (const Member* member : members_.in_order())
        if (member->joining) {
            leader_ = member->id();
            return true;
        }
    return false;
}

void ClassicGroup::start_generation(Turn& turn) {
    initial_ = false;
    subscribed_.reset();
    generation_ = generation_ == std::numeric_limits<int32_t>::max() ? 1 : generation_ + 1;
    if (members_.empty()) {
        state_ = State::empty;
        protocol_.reset();
        leader_.reset();
        return store_generation(turn);
    }
    protocol_ = members_.select_protocol();
    state_ = State::completing_rebalance;
    sync_deadline_ = turn.now.time + members_.rebalance_timeout();
    for (Member* member : members_.in_order()) {
        answer_join(turn, *member, generation_for(*member));
        renew_session(turn.now, *member);
        member->is_new = false;
        member->must_sync = true;
    }
}

/// Members who have never agreed on a protocol here (see the header).
bool ClassicGroup::lacks_generation() const { return state_ == State::stable && !protocol_; }

std::optional<Time> ClassicGroup::next_deadline() const {
    if (lacks_generation()) return Time(); // past, and not so far that a difference would overflow
    auto next = sessions_.next();
    for (const auto& deadline : {join_deadline_, sync_deadline_})
        if (deadline && (!next || *deadline < *next)) next = deadline;
    return next;
}

void ClassicGroup::tick(Turn& turn) {
    if (lacks_generation()) prepare_rebalance(turn);
    // One at a time: what becomes of one may begin the session of another anew.
    for (auto due = sessions_.take_due(turn.now.time, 1); !due.empty();
         due = sessions_.take_due(turn.now.time, 1))
        expire(turn, due.front());
    if (join_deadline_ && *join_deadline_ <= turn.now.time) {
        if (initial_)
            initial_delay_over(turn);
        else
            complete_join(turn);
    }
    if (sync_deadline_ && *sync_deadline_ <= turn.now.time) sync_time_over(turn);
}

/// Members that wait for others cannot heartbeat; their session begins again with the answer.
void ClassicGroup::expire(Turn& turn, const std::string& member_id) {
    if (pending_.erase(member_id)) return maybe_complete_join(turn);
    Member* member = members_.find(member_id);
    if (!member) return;
    if (!member->is_new && (member->joining || member->syncing)) return;
    remove_member(turn, *member, ErrorCode::unknown_member_id);
    rebalance_or_complete(turn);
}

/// The delay is prolonged while members go on coming, up to their rebalance timeout.
void ClassicGroup::initial_delay_over(Turn& turn) {
    if (!newcomer_ || initial_left_ == 0ms) return complete_join(turn);
    newcomer_ = false;
    const milliseconds waited = initial_delay_;
    const milliseconds delay(std::max(turn.settings.group_initial_rebalance_delay_ms, 0));
    initial_delay_ = std::min(delay, initial_left_);
    initial_left_ = std::max(initial_left_ - waited, 0ms);
    join_deadline_ = turn.now.time + initial_delay_;
}

/// Whoever has not asked for its part of the generation is out; so is a leader that has not assigned it.
void ClassicGroup::sync_time_over(Turn& turn) {
    sync_deadline_.reset();
    const std::vector<Member*> members = members_.in_order();
    bool removed = false;
    for (Member* member : members) {
        if (!member->must_sync) continue;
        remove_member(turn, *member, ErrorCode::unknown_member_id);
        removed = true;
    }
    if (removed) prepare_rebalance(turn);
}

} // namespace kafka::group
