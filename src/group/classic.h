// A group by the classic protocol: clients join, one of them, the leader, says who does what, and each gets its
// part of it (JoinGroup, SyncGroup, Heartbeat, LeaveGroup). Static members: KIP-345; two steps to join: KIP-394;
// a leader that comes back without a rebalance: KIP-814. What the clients do with the bytes that they send each
// other (eager or cooperative, KIP-429; "consumer", "connect" or anything else) is their own affair.
// Pure; main thread only.
//
// States: Empty -> PreparingRebalance (waits for JoinGroup of all members) -> CompletingRebalance (waits for the
// leader's SyncGroup) -> Stable, and from there to PreparingRebalance again; a generation without members is
// Empty. Each round of it is a generation.
//
// Stored is the last generation that was completed, with the assignment of each member. A round under way is
// not: after a restart the group is in its last generation, and members that came since are unknown to it. A group
// with members that is stored without a protocol is to begin a rebalance at once; so it is after a downgrade.
//
// classic.cpp: errors and describing; classic_join.cpp: JoinGroup; classic_generation.cpp: from one generation
// to the next, and time; classic_sync.cpp: SyncGroup, Heartbeat, LeaveGroup; classic_stored.cpp: what is stored.
#pragma once
#include "group/classic_members.h"
#include "group/deadlines.h"
#include "wire/messages/describe_groups.h"

#include <set>
#include <unordered_set>

namespace kafka::group {

class ClassicGroup {
public:
    enum class State { empty, preparing_rebalance, completing_rebalance, stable };

    explicit ClassicGroup(std::string id) : id_(std::move(id)) {}

    // Requests. Each is answered now or later.

    /// The session timeout has been looked at, and a member id is only given where the group exists. Returns the id that the member
    /// is to come back with, if that is all that has come of it.
    std::optional<std::string> join(Turn& turn, const Caller& caller,
                                    const wire::join_group::Request& request);
    void sync(Turn& turn, const Caller& caller, const wire::sync_group::Request& request);
    void heartbeat(Turn& turn, const Caller& caller, const wire::heartbeat::Request& request);
    void leave(Turn& turn, const Caller& caller, const wire::leave_group::Request& request);
    /// Nobody is to come back with that id any more, if it is still waited for.
    void forget_pending(Turn& turn, const std::string& member_id);
    /// Tells everybody who waits to join again, as what the group is about to become (migration.h). Members that
    /// have not been in any generation yet do so from the start.
    void dismiss(Turn& turn);

    // Time.

    /// Does what is due: members that are silent leave, phases end.
    void tick(Turn& turn);
    std::optional<Time> next_deadline() const;

    // Offsets.

    ErrorCode may_commit(const std::string& member_id, const std::optional<std::string>& instance_id,
                         int32_t generation) const;
    /// A commit shows that the member is alive.
    void committed(Turn& turn, const std::string& member_id);
    /// The group has a row, which its offsets need.
    void store_group(Turn& turn);
    /// None of these topics' offsets may be deleted, nor do they expire: the members consume from it.
    bool subscribed_to(const TopicInfo& topic, const TopicLookup& topics) const;
    /// NON_EMPTY_GROUP where a group's subscriptions cannot be known.
    ErrorCode may_delete_offsets() const;
    /// Since when an offset of that age counts as unused; none: it is in use, whatever its age.
    std::optional<int64_t> unused_since_ms(int64_t commit_timestamp_ms) const;

    // What is stored.

    /// Sets what the row says. A member that the group does not have yet starts its session now.
    void apply(const GroupRow& row);
    void apply(const MemberRow& row, const Now& now);
    const std::optional<GroupRow>& stored_group() const { return stored_group_; }
    const std::map<std::string, MemberRow>& stored_members() const { return stored_members_; }

    // For everybody to see.

    const std::string& id() const { return id_; }
    State state() const { return state_; }
    const char* state_name() const; ///< as DescribeGroups and ListGroups say it
    bool empty() const { return state_ == State::empty; }
    /// Nothing would be lost with the group: neither is anything stored nor anybody about to join.
    bool forgettable() const { return empty() && !stored_group_ && pending_.empty(); }
    bool has_pending() const { return !pending_.empty(); } ///< ids were given out that have not joined yet
    int32_t generation() const { return generation_; }
    const std::string& protocol_type() const { return protocol_type_; }
    const std::optional<std::string>& protocol() const { return protocol_; }
    const std::optional<std::string>& leader() const { return leader_; }
    const ClassicMembers& members() const { return members_; }
    wire::describe_groups::DescribedGroup describe() const;
    /// Those of all requests that wait.
    std::vector<Ticket> tickets() const;

private:
    using Topics = std::set<std::string, std::less<>>;

    // classic.cpp
    ErrorCode check_member(const std::string& id, const std::optional<std::string>& instance_id) const;
    bool is_leader(const Member& member) const { return leader_ == member.id(); }
    void renew_session(const Now& now, const Member& member);
    void answer_join(Turn& turn, Member& member, wire::join_group::Response response);
    void answer_sync(Turn& turn, Member& member, ErrorCode error);
    void remove_member(Turn& turn, Member& member, ErrorCode told);
    const std::optional<Topics>& subscribed_topics() const;
    std::optional<Topics> read_subscriptions() const;

    // classic_join.cpp
    bool accepts(const Settings& settings, const std::string& member_id) const;
    bool supports(const wire::join_group::Request& request) const;
    void refuse_for_size(Turn& turn, const Caller& caller, const std::string& member_id);
    std::string give_out_id(Turn& turn, const Caller& caller, const wire::join_group::Request& request);
    void join_new(Turn& turn, const Caller& caller, const wire::join_group::Request& request);
    void join_known(Turn& turn, const Caller& caller, const wire::join_group::Request& request);
    void join_again(Turn& turn, const Caller& caller, const wire::join_group::Request& request,
                    Member& member);
    void add_member(Turn& turn, const Caller& caller, const wire::join_group::Request& request,
                    const std::string& id);
    void update_member(Turn& turn, const Caller& caller, const wire::join_group::Request& request,
                       Member& member);
    void replace_static(Turn& turn, const Caller& caller, const wire::join_group::Request& request,
                        Member& member, const std::string& id);
    void answer_replaced(Turn& turn, const Caller& caller, Member& member,
                         const std::optional<std::string>& leader_before);
    wire::join_group::Response generation_for(const Member& member) const;

    // classic_generation.cpp
    bool all_joined() const { return members_.joining() == members_.size() && pending_.empty(); }
    void rebalance_or_complete(Turn& turn);
    void prepare_rebalance(Turn& turn);
    void maybe_complete_join(Turn& turn);
    void complete_join(Turn& turn);
    bool elect_joined_leader();
    void start_generation(Turn& turn);
    bool lacks_generation() const;
    void expire(Turn& turn, const std::string& member_id);
    void initial_delay_over(Turn& turn);
    void sync_time_over(Turn& turn);

    // classic_sync.cpp
    ErrorCode check_sync(const wire::sync_group::Request& request) const;
    void assign(Turn& turn, const wire::sync_group::Request& request);
    ErrorCode leave_one(Turn& turn, const wire::leave_group::MemberIdentity& identity);

    // classic_stored.cpp
    void store_generation(Turn& turn);
    void write(Turn& turn, GroupRow row);
    void write(Turn& turn, MemberRow row);

    std::string id_;
    State state_ = State::empty;
    int32_t generation_ = 0;
    std::string protocol_type_;           ///< of the members, or the last ones
    std::optional<std::string> protocol_; ///< of this generation
    std::optional<std::string> leader_;
    ClassicMembers members_;
    std::unordered_set<std::string> pending_; ///< member ids that were given out and have not come back
    mutable std::optional<std::optional<Topics>> subscribed_; ///< what subscribed_topics() found
    Deadlines sessions_;                                      ///< of members and of pending ids
    std::optional<Time> join_deadline_, sync_deadline_;

    // The first rebalance of an empty group waits, so that members that start together need no second one.
    bool initial_ = false;
    bool newcomer_ = false; ///< somebody has joined since the delay began
    milliseconds initial_delay_{}, initial_left_{};

    std::optional<GroupRow> stored_group_;
    std::map<std::string, MemberRow> stored_members_;
};

} // namespace kafka::group
