// A group of the new consumer protocol (KIP-848): members send heartbeats, the broker decides who has what.
//
// Three epochs drive it. The group's epoch rises when members come or go, or subscriptions or their topics change.
// With the next heartbeat of any member a target is assigned for that epoch. Each member is then led to its target,
// heartbeat by heartbeat: it gives up what is no longer its own, says so, moves to the new epoch, and gets what is
// free; a partition is free once its owner has said that it has given it up. Who takes too long to give up (its
// rebalance timeout), or is not heard of (session timeout), loses membership.
//
// Members of the classic protocol may be among them (migration.h says how they come there). For them the member epoch
// is the generation: when there is something new for them a heartbeat is answered with REBALANCE_IN_PROGRESS, with
// JoinGroup they say what they own and move on as others do with each heartbeat, SyncGroup tells them what they have.
// None of them leads.
//
// Requests are answered at once. What is stored is the group's row and its members' rows; timers, and what regular
// expressions match, are not.
//
// v1 of the heartbeat: clients make their member ids (KIP-1082); subscribed_topic_regex, for which see topic_regex.h.
// Not implemented: assignments by the clients (which Kafka lacks, too); racks.
#pragma once
#include "group/deadlines.h"
#include "group/embedded_protocol.h"
#include "group/subscribed_topics.h"
#include "wire/messages/consumer_group_describe.h"

#include <map>
#include <unordered_map>
#include <utility>

namespace kafka::group {

class ConsumerGroup {
public:
    using Request = wire::consumer_group_heartbeat::Request;
    using HeartbeatResponse = wire::consumer_group_heartbeat::Response;

    explicit ConsumerGroup(std::string group_id);
    ConsumerGroup(ConsumerGroup&&) = default; // not copied: members are pointed at
    ConsumerGroup& operator=(ConsumerGroup&&) = default;

    /// Answers one ConsumerGroupHeartbeat. The caller has looked up the group by its id, or made a new one if
    /// `member_epoch` is 0; a new one that does not exist() afterwards is to be dropped.
    void heartbeat(Turn& turn, const Caller& caller, const Request& request);
    /// The answer to a request for a group that is not there, or is not of this kind; none if it may be made.
    static std::optional<HeartbeatResponse> refuse_unknown(const Request& request, int16_t version,
                                                           const Settings& settings);

    // Requests of members of the classic protocol. The session timeout of a JoinGroup has been looked at.

    void join(Turn& turn, const Caller& caller, const wire::join_group::Request& request);
    void sync(Turn& turn, const Caller& caller, const wire::sync_group::Request& request);
    void heartbeat(Turn& turn, const Caller& caller, const wire::heartbeat::Request& request);
    void leave(Turn& turn, const Caller& caller, const wire::leave_group::Request& request);

    /// Sets what the row says. The first tick() gives members that were stored all their time again.
    void apply(const GroupRow& row) { row_ = row; }
    void apply(const MemberRow& row, const Now& now);

    /// Removes the members whose time is over. Nothing happens before next_deadline().
    void tick(Turn& turn);
    std::optional<Time> next_deadline() const;

    /// May this member commit offsets? NONE, UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH (ILLEGAL_GENERATION for one of
    /// the classic protocol), or UNSUPPORTED_VERSION for an OffsetCommit before v9 of one of the other. Epoch -1 is nobody's: a tool's, and allowed while the group is empty.
    ErrorCode check_commit(wire::View member_id, int32_t member_epoch, int16_t version) const;
    /// May this member fetch offsets? No member id and a negative epoch are a tool's.
    ErrorCode check_fetch(const std::optional<std::string>& member_id, int32_t member_epoch) const;

    // Offsets, as the container asks for them of each kind of group.

    void committed(Turn&, const std::string&) {} ///< not a heartbeat, unlike in the classic protocol
    void store_group(Turn&) {} ///< a group of this kind has its row from its first member on
    bool subscribed_to(const TopicInfo& topic, const TopicLookup& topics) const;
    ErrorCode may_delete_offsets() const { return ErrorCode::none; } ///< of topics without subscribers
    /// Since its commit, whether the group has members or not, as in Kafka.
    std::optional<int64_t> unused_since_ms(int64_t commit_timestamp_ms) const { return commit_timestamp_ms; }

    // For everybody to see.

    wire::consumer_group_describe::DescribedGroup describe(const TopicLookup& topics,
                                                           const Settings& settings) const;
    const char* state_name() const; ///< Empty, Assigning, Reconciling or Stable
    const std::string& protocol_type() const { return row_.protocol_type; }
    bool exists() const { return row_.epoch > 0; }
    bool empty() const { return members_.empty(); }
    bool stable() const; ///< everybody has what it is to have
    /// How many members speak which protocol.
    size_t classic_members() const { return classic_members_; }
    size_t consumer_members() const { return members_.size() - classic_members_; }
    bool forgettable() const { return !exists(); }
    bool has_pending() const { return false; }
    std::vector<Ticket> tickets() const { return {}; } ///< nobody waits
    const GroupRow& row() const { return row_; }
    std::vector<MemberRow> member_rows() const;

private:
    struct Member {
        MemberRow row;
        Time session_deadline{};
        bool counting = false; ///< the time of its session; not yet when it has just been read from the table
        std::optional<Time> rebalance_deadline; ///< for giving up what is pending
        std::optional<Time> join_deadline;      ///< classic: for joining again, which it was told to do
        std::optional<Time> sync_deadline;      ///< classic: for asking what it has, after it has joined
        ConsumerMember& state() { return std::get<ConsumerMember>(row.state); }
        const ConsumerMember& state() const { return std::get<ConsumerMember>(row.state); }
        Time deadline() const {
            Time first = session_deadline;
            for (const auto& deadline : {rebalance_deadline, join_deadline, sync_deadline})
                if (deadline) first = std::min(first, *deadline);
            return first;
        }
    };
    struct Refusal {
        ErrorCode error;
        std::string why;
    };
    /// A member that may go on, as it was before the request.
    struct Admitted {
        MemberRow row;
        std::optional<std::string> replaces; ///< the member id that a static member had until now
    };
    using Owned = std::optional<Assignment>; ///< what a member says that it has; null: as before

    // consumer.cpp: heartbeats
    static std::optional<Refusal> check(const Request& request, int16_t version, const Settings& settings);
    static HeartbeatResponse refusal(const Refusal& refusal);
    std::variant<HeartbeatResponse, Refusal> beat(const Request& request, const Caller& caller, Turn& turn);
    std::optional<Refusal> check_regex(const MemberRow& row, bool changed, const TopicLookup& topics);
    bool has_room_for(const std::string& regex, const std::string& member_id) const;
    void take_in(const Admitted& admitted, MemberRow row, const Owned& owned, Turn& turn);
    void advance_epoch(bool changed, bool first_member, Turn& turn);
    HeartbeatResponse answer(const Request& request, const MemberRow& before, const Settings& settings) const;

    // consumer_membership.cpp: who comes and goes
    std::variant<Admitted, Refusal> admit(const Request& request, const Owned& owned, Turn& turn) const;
    std::variant<Admitted, Refusal> admit_static(const Request& request, const std::string& member_id,
                                                 const Owned& owned) const;
    bool is_full_for(const std::string& member_id, const std::optional<std::string>& instance_id,
                     const Settings& settings) const;
    MemberRow new_member(const std::string& member_id) const;
    static Admitted replacement(const Member& before, const std::string& member_id);
    std::variant<HeartbeatResponse, Refusal> leave(const Request& request, Turn& turn);
    void leave_for_a_while(const Member& member, Turn& turn);
    void remove_members(const std::vector<std::string>& member_ids, Turn& turn);
    const Member* find(wire::View member_id) const;
    const Member* find_static(const std::optional<std::string>& instance_id) const;
    static ErrorCode check_epoch(const Member& member, int32_t epoch);

    // consumer_classic_members.cpp: members of the classic protocol
    ErrorCode check_join(const wire::join_group::Request& request, const Settings& settings) const;
    bool supports(const wire::join_group::Request& request) const;
    std::variant<Admitted, ErrorCode> admit(const wire::join_group::Request& request, Turn& turn) const;
    ErrorCode check_classic(const std::string& member_id, const std::optional<std::string>& instance_id,
                            int32_t generation) const;
    ErrorCode check_sync(const wire::sync_group::Request& request) const;
    bool has_to_join_again(const Member& member) const;
    void expect_join(Member& member, Time now);
    std::variant<const Member*, ErrorCode>
    find_leaving(const wire::leave_group::MemberIdentity& identity) const;

    // consumer_assignment.cpp: targets, and leading members to them
    std::string preferred_assignor(const Settings& settings) const;
    void assign_targets(Turn& turn);
    void reconcile(const std::string& member_id, const Owned& owned, bool subscription_changed, Turn& turn);
    void move_on(ConsumerMember& member, const Member* self, const Owned& owned) const;
    void give_up_unsubscribed(ConsumerMember& member, const TopicLookup& topics);
    bool reconciled(const ConsumerMember& member) const;
    Assignment free_for(const Member* self, const Assignment& wanted) const;

    // consumer_state.cpp: what is stored, and time
    void set(const MemberRow& row);
    void put(GroupRow row);
    void put(MemberRow row);
    void remove(const std::string& member_id, Effects& effects);
    void flush(Effects& effects);
    void claim(const Member& member);
    void release(const Member& member);
    void heard_of(Member& member, Time now, const Settings& settings);
    void arm(const Member& member);

    GroupRow row_;
    std::map<std::string, Member, std::less<>> members_;
    std::unordered_map<std::string, std::string> static_members_; ///< member id by instance id
    size_t classic_members_ = 0;
    /// Who has a partition, or has yet to say that it has given it up.
    std::unordered_map<TopicPartition, const Member*, TopicPartitionHash> owners_;

    // not stored
    mutable RegexMatches regexes_;
    std::optional<uint64_t> changes_seen_; ///< of topics; its own are looked up when there are more
    std::set<std::string> touched_;        ///< members with rows still to be handed out in this request
    bool row_touched_ = false;
    Deadlines deadlines_; ///< of members, each at its deadline or before
};

} // namespace kafka::group
