// A container of groups over a fake clock, with tables that take its rows, and clients that are a few words each.
#pragma once
#include "group/groups.h"
#include "test.h"

#include <map>
#include <set>

namespace group_test {

using namespace kafka;
using namespace kafka::group;
namespace wire = kafka::wire;
using wire::ErrorCode;

inline std::ostream& operator<<(std::ostream& out, ErrorCode code) { return out << wire::name(code); }

/// The rows that a transaction has written, as tables would hold them.
class Tables {
public:
    void write(const Row& row);
    /// In the order in which they are read at start.
    std::vector<Row> rows() const;
    bool empty() const { return groups_.empty() && members_.empty() && offsets_.empty(); }

    std::map<std::string, GroupRow> groups_;
    std::map<std::pair<std::string, std::string>, MemberRow> members_;
    std::map<std::tuple<std::string, wire::Uuid, int32_t>, OffsetRow> offsets_;
};

/// A JoinGroup request in short.
struct Join {
    std::string group = "g", member = "", instance = "";
    std::vector<std::pair<std::string, std::string>> protocols{{"range", "subscription"}};
    int16_t version = 9;
    int32_t session_ms = 10'000, rebalance_ms = 60'000;
    std::string type = "consumer", client = "client";
};

struct Topic {
    wire::Uuid id{};
    int32_t partitions = 4;
};

class World {
public:
    World();

    /// Time passes; all that becomes due on the way is done at its time.
    void pass(int64_t ms);
    /// What a turn does at its end.
    void tick();
    /// The server is started anew: what is in the tables is all that is left.
    void restart();

    Ticket join(const Join& join);
    Ticket sync(const std::string& member, int32_t generation,
                const std::vector<std::pair<std::string, std::string>>& assignments = {},
                const std::string& group = "g", const std::string& instance = "");
    ErrorCode heartbeat(const std::string& member, int32_t generation, const std::string& group = "g",
                        const std::string& instance = "");
    wire::leave_group::Response leave(const std::vector<wire::leave_group::MemberIdentity>& members,
                                      const std::string& group = "g", int16_t version = 5);
    ErrorCode leave(const std::string& member) { return leave({{member, {}, {}}}).members[0].error_code; }
    /// The code of one partition.
    ErrorCode commit(const std::string& topic, int32_t partition, int64_t offset,
                     const std::string& member = "", int32_t generation = -1, const std::string& group = "g",
                     int16_t version = 9);
    wire::offset_commit::Response commit(const wire::offset_commit::Request& request, int16_t version);
    /// -1: none.
    int64_t committed(const std::string& topic, int32_t partition, const std::string& group = "g");

    /// A whole join of a dynamic member: its second request's ticket, which may have to wait.
    Ticket join_with_id(Join join, std::string* id = nullptr);
    /// A Stable group of so many members: their ids, the leader's first.
    std::vector<std::string> stable_group(int members, const Join& join = {});

    bool answered(Ticket ticket) const { return replies.contains(ticket); }
    template <class T> const T& answer(Ticket ticket) const {
        static const T none{};
        const auto at = replies.find(ticket);
        if (at == replies.end() || !std::holds_alternative<T>(at->second)) {
            test::fail(__FILE__, __LINE__, "ticket " + std::to_string(ticket) + " has no such reply");
            return none;
        }
        return std::get<T>(at->second);
    }
    const wire::join_group::Response& joined(Ticket ticket) const {
        return answer<wire::join_group::Response>(ticket);
    }
    const wire::sync_group::Response& synced(Ticket ticket) const {
        return answer<wire::sync_group::Response>(ticket);
    }

    const ClassicGroup& classic(const std::string& group = "g") const;
    std::string state(const std::string& group = "g") const; ///< "none" where there is no group
    /// Tables, and a container that follows their rows, say the same as the container.
    void check_stored();

    Groups groups;
    Settings settings;
    std::function<bool(const std::string&)> has_pending_offsets = [](const std::string&) { return false; };
    std::map<std::string, Topic> topics;
    uint64_t topic_changes = 0; ///< that groups know of
    Tables tables;
    std::map<Ticket, Response> replies;
    std::set<Ticket> open; ///< without an answer yet
    Now now;

    /// Runs something in a turn and takes over what comes of it.
    void turn(const std::function<void(Turn&)>& body);
    Ticket ask(int16_t version, const std::function<void(Turn&, const Caller&)>& body,
               const std::string& client = "client");
    TopicLookup lookup() const;
    /// Until all that was committed for topics that are not there any more is gone.
    void topics_deleted();

private:
    void number_topics() const;

    Groups follower_;
    mutable std::map<std::pair<std::string, wire::Uuid>, uint64_t>
        added_; ///< topics by name and id, in which order
    mutable uint64_t newest_ = 0;
    Ticket last_ticket_ = 0;
    int last_id_ = 0;
};

/// A commit of an offset for partition 0 to the group g.
wire::offset_commit::Request commit_of(const std::string& topic, std::optional<std::string> metadata);

/// A subscription as consumers write it.
std::string subscription(const std::vector<std::string>& topics);

} // namespace group_test
