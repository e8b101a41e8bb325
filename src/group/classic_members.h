// The members of a classic group: in the order in which they joined, found by member id or by instance id,
// with the protocols that they have in common. Pure; main thread only.
#pragma once
#include "group/types.h"

#include <map>
#include <unordered_map>

namespace kafka::group {

/// A member as it is now. What is stored of it is the row that it had when its generation was completed.
struct Member {
    MemberRow row;
    std::optional<Ticket> joining; ///< its JoinGroup waits for the other members
    std::optional<Ticket> syncing; ///< its SyncGroup waits for the leader's
    bool is_new = false;           ///< it waits for its first generation and does not heartbeat yet
    bool must_sync = false;        ///< it has been told of this generation and has not asked for its part

    const std::string& id() const { return row.member_id; }
    bool is_static() const { return row.instance_id.has_value(); }
    ClassicMember& classic() { return std::get<ClassicMember>(row.state); }
    const ClassicMember& classic() const { return std::get<ClassicMember>(row.state); }
    milliseconds session_timeout() const { return milliseconds(row.session_timeout_ms); }
    /// What it says of itself for that protocol; null if it has none.
    Bytes metadata(const std::string& protocol) const;
};

class ClassicMembers {
public:
    Member& add(MemberRow row);
    void remove(const std::string& id);
    /// Another id for a static member, which keeps its place.
    void rename(Member& member, const std::string& id);
    void set_protocols(Member& member, std::vector<Protocol> protocols);
    /// Which JoinGroup of the member waits from now on.
    void set_joining(Member& member, std::optional<Ticket> ticket);

    Member* find(const std::string& id);
    const Member* find(const std::string& id) const;
    Member* find_static(const std::string& instance_id);
    const Member* find_static(const std::string& instance_id) const;
    /// In the order in which they joined.
    const std::vector<Member*>& in_order() const { return in_order_; }

    bool empty() const { return in_order_.empty(); }
    size_t size() const { return in_order_.size(); }
    size_t joining() const { return joining_; } ///< how many wait in JoinGroup

    /// All members have the protocol. True for each if there are no members.
    bool all_have(const std::string& protocol) const;
    /// Each member votes for the first of its protocols that all have; the one with most votes, and of several
    /// the one that the oldest member likes best. There must be members.
    std::string select_protocol() const;
    /// The longest of all members.
    milliseconds rebalance_timeout() const;

private:
    void count_protocols(const Member& member, int change);

    std::vector<Member*> in_order_;
    std::unordered_map<std::string, std::unique_ptr<Member>> by_id_;
    std::unordered_map<std::string, Member*> by_instance_;
    std::unordered_map<std::string, int> having_; ///< how many members have a protocol
    size_t joining_ = 0;
};

} // namespace kafka::group
