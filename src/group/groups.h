// All groups, by id: classic ones and (KIP-848) consumer groups, with what they have committed. Pure; main
// thread only.
//
// A call takes the turn, whose effects collect rows and replies. Requests that may write or wait are answered
// by a reply to their ticket; those that only read return their response. A reply to a ticket whose client is
// gone is dropped by whoever gets it: a broken connection changes nothing in a group.
//
// groups.cpp: finding, time, rows; groups_members.cpp: what members ask; groups_migration.cpp: changing the kind of a
// group with members; groups_admin.cpp: list, describe, delete; groups_offsets.cpp: offsets and their retention.
#pragma once
#include "group/classic.h"
#include "group/consumer.h"
#include "group/offsets.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/offset_fetch.h"

#include <deque>
#include <map>
#include <set>

namespace kafka::group {

/// A group is of one kind at a time, and becomes one of the other when a member of that comes while it is empty; for
/// groups with members see migration.h.
/// Each kind has, with the meaning that they have in ClassicGroup:
///   requests  those of the classic protocol; ConsumerGroup has those of the other as well
///   time      tick(turn), next_deadline()
///   offsets   an overload of may_commit_to() in groups_offsets.cpp, committed(turn, member id),
///             store_group(turn), subscribed_to(topic, topics), may_delete_offsets(), unused_since_ms(commit time)
///   stored    apply(GroupRow), apply(MemberRow, now)
///   to see    empty(), forgettable(), has_pending(), state_name(), protocol_type(), tickets(), and an overload
///             of type_name() in groups_admin.cpp
using Kind = std::variant<ClassicGroup, ConsumerGroup>;

struct Group {
    Kind kind;
    Offsets offsets;
};

bool is_empty(const Group& group); ///< it has no members

class Groups {
public:
    explicit Groups(Time now);

    // Members (groups_members.cpp). Each is answered now or later.

    void join(Turn& turn, const Caller& caller, const wire::join_group::Request& request);
    void sync(Turn& turn, const Caller& caller, const wire::sync_group::Request& request);
    void heartbeat(Turn& turn, const Caller& caller, const wire::heartbeat::Request& request);
    void leave(Turn& turn, const Caller& caller, const wire::leave_group::Request& request);
    /// Answered at once.
    void consumer_heartbeat(Turn& turn, const Caller& caller, const ConsumerGroup::Request& request);

    // Offsets (groups_offsets.cpp). Commit and delete are answered at once.

    void commit_offsets(Turn& turn, const Caller& caller, const wire::offset_commit::Request& request);
    void delete_offsets(Turn& turn, const Caller& caller, const wire::offset_delete::Request& request);
    /// What can be said against a transaction that is to commit these offsets.
    ErrorCode may_commit(const wire::txn_offset_commit::Request& request) const;
    /// A transaction is to commit offsets of these groups: they exist from now on, though it may come to nothing.
    void expect_offsets(Turn& turn, const std::set<std::string>& group_ids);
    /// Offsets of a transaction that has been committed.
    void commit(Turn& turn, const std::vector<OffsetRow>& rows);
    wire::offset_fetch::Response fetch_offsets(const TopicLookup& topics, int16_t version,
                                               const wire::offset_fetch::Request& request) const;
    /// A topic is gone: with the next ticks, what was committed for it.
    void topic_deleted(const wire::Uuid& topic_id, Time now);

    // Administration (groups_admin.cpp). Delete is answered at once.

    wire::list_groups::Response list(const wire::list_groups::Request& request) const;
    wire::describe_groups::Response describe(int16_t version,
                                             const wire::describe_groups::Request& request) const;
    wire::consumer_group_describe::Response
    describe_consumers(const TopicLookup& topics, const Settings& settings,
                       const wire::consumer_group_describe::Request& request) const;
    void delete_groups(Turn& turn, const Caller& caller, const wire::delete_groups::Request& request);

    // Time (groups.cpp).

    /// Does what is due, in bounded steps: next_deadline() is in the past if there is more to do.
    void tick(Turn& turn);
    Time next_deadline() const;

    // What is stored (groups.cpp).

    /// A row from the tables: those of kafka.consumer_group first. What groups store themselves is applied already.
    void apply(const Row& row, const Now& now);
    /// Forgets the group, to be read again from the tables. Returns the tickets of whoever waits in it.
    std::vector<Ticket> drop(const std::string& group_id);
    /// Null if there is none.
    const Group* find(const std::string& group_id) const;
    const std::map<std::string, Group>& all() const { return groups_; }

private:
    /// Most groups that a tick looks at, so that a turn stays short.
    static constexpr size_t groups_per_tick = 1'000;

    Group* get(const std::string& group_id); ///< null if there is none
    Group& find_or_add(const std::string& group_id);
    ClassicGroup* find_classic(const std::string& group_id);
    ConsumerGroup* find_consumer(const std::string& group_id);
    std::optional<std::string> join_as_classic(Turn& turn, const Caller& caller,
                                               const wire::join_group::Request& request);
    void remember_pending(Turn& turn, const std::string& group_id, const std::string& member_id);
    void finish(Turn& turn, const std::string& group_id);
    void settle(const std::string& group_id);
    void remove(Turn& turn, const std::string& group_id);
    void apply(const GroupRow& row, const Now& now);
    void apply(const MemberRow& row, const Now& now);
    void apply(const OffsetRow& row, const Now& now);

    // groups_migration.cpp
    const char* upgrade(Turn& turn, const Caller& caller, const ConsumerGroup::Request& request,
                        ClassicGroup& classic);
    void downgrade_if_due(Turn& turn, const std::string& group_id);

    // groups_offsets.cpp
    ErrorCode may_commit(const Caller& caller, const wire::offset_commit::Request& request) const;
    ErrorCode commit_one(Turn& turn, const wire::offset_commit::Request& request, const TopicInfo& topic,
                         const wire::offset_commit::OffsetCommitRequestPartition& partition);
    void write(Turn& turn, OffsetRow row);
    void remove_offsets_of_deleted_topics(Turn& turn);
    void expire_offsets(Turn& turn);
    bool expire_offsets_of(Turn& turn, const std::string& group_id, Group& group);
    wire::offset_fetch::OffsetFetchResponseGroup
    fetch_group(const TopicLookup& topics, int16_t version,
                const wire::offset_fetch::OffsetFetchRequestGroup& request) const;

    std::map<std::string, Group> groups_;
    Deadlines deadlines_; ///< by group id
    /// Groups and the member ids that they have given out last, the oldest first. Some have joined since.
    std::deque<std::pair<std::string, std::string>> pending_;
    /// A walk through all groups, a bounded part of them in each tick.
    struct Round {
        std::optional<Time> due;               ///< when it begins, or goes on; none: it does not
        std::optional<std::string> after = {}; ///< under way: it goes on after this group
    };
    /// Does a part of it; true at its end.
    bool go_on(Round& round, Turn& turn, const std::function<void(const std::string& id, Group&)>& visit);

    Round expiry_;                           ///< of offsets that have not been used for long
    Round removal_;                          ///< of what was committed for deleted topics
    std::set<wire::Uuid> deleted_topics_;    ///< that the round under way, or the next one, is for
    std::set<wire::Uuid> deleted_meanwhile_; ///< since that round began: for another one
};

} // namespace kafka::group
