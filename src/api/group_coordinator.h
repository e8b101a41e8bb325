// The group coordinator as the broker sees it: requests go to the groups (group/), what these store goes into the turn's
// transaction, and who waits for other members is answered when they say so. Main thread only.
//
// Groups change in memory at once, so that the next request of the turn sees it, and every answer that may tell of it waits until the
// turn has been committed. Should the commit fail, the groups that it touched are read again from their tables. As long as
// tables cannot be read, nobody waits for their locks: clients are told that the coordinator is loading.
#pragma once
#include "api/call.h"
#include "group/groups.h"
#include "log/catalog.h"
#include "pg/group_changes.h"
#include "pg/settings.h"
#include "store/groups.h"
#include "wire/text.h"

#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace kafka::api {

class Broker;

class GroupCoordinator {
public:
    explicit GroupCoordinator(Broker& broker);

    /// Lets the groups handle a request, which answers this call, now or later.
    template <class Request>
    void ask(Call& call, const Request& request,
             void (group::Groups::*handle)(group::Turn&, const group::Caller&, const Request&)) {
        ask(call, [&](group::Turn& turn, const group::Caller& caller) {
            (groups_.*handle)(turn, caller, request);
        });
    }
    /// The groups, to be looked at for an answer to this call; null if they cannot be read: then the call has been refused.
    const group::Groups* look(Call& call);
    const group::TopicLookup& topics() const { return topics_; }
    const group::Settings& settings() const { return settings_; }
    /// True if the database can store this as text.
    bool is_text(wire::View text) const;

    /// Does what is due, the first time it reads the groups from their tables.
    void tick();
    group::Time next_deadline() const;
    void apply(const pg::Settings& settings);
    /// What is set for single groups: of all, and of one. Their members hear of it with their next heartbeats.
    void apply(group::GroupConfigs configs);
    void apply(const std::string& group_id, const group::GroupConfig& config);
    /// True if commit() may change these groups: they are loaded, and no session holds any of them.
    bool can_commit(const std::set<std::string>& groups);
    /// A transaction is to commit offsets of these groups.
    void expect_offsets(const std::set<std::string>& group_ids);
    /// Offsets that a transaction commits, in the same turn as its markers.
    void commit(const std::vector<group::OffsetRow>& offsets);
    /// A topic has come, or has more partitions.
    void topics_changed() { topics_.changes++; }
    /// A topic is gone, and with it, soon, what was committed for it.
    void topic_deleted(const wire::Uuid& id);
    /// The client is gone: nobody waits for its answers. Its members stay until they time out.
    void connection_closed(uint64_t connection);

    /// Requests that wait for other members.
    size_t parked() const { return parked_.size(); }

    /// True if there are rows to be written in the turn's transaction.
    bool has_rows() const { return !rows_.empty(); }
    /// The same of the groups that the request names, or, if it names none, of all.
    bool has_rows_of(const wire::Request& request) const;
    /// Writes them, within that transaction.
    void write_rows();
    /// The transaction has committed, or failed.
    void written();
    void not_written();

private:
    void ask(Call& call, const std::function<void(group::Turn&, const group::Caller&)>& request);
    void begin_turn();
    bool is_text(const wire::Request& request) const;
    std::string text_of(const std::optional<std::string>& client_id) const;
    group::Turn turn(group::Effects& effects) const;
    void change(const std::function<void(group::Turn&)>& what);
    void take(group::Effects effects);
    void tell_transactions(const std::vector<group::Row>& rows);
    void park();
    std::optional<Call> take_call(group::Ticket ticket);
    bool put_off(Call& call);
    bool loaded();
    bool refuse_unless_loaded(Call& call);
    void load();
    void forget_unread();
    void leave_to_sessions(std::vector<group::Row>& rows);
    void distrust();
    void drop(const std::string& group_id);
    void read_again(const std::string& group_id);
    void rest();

    Broker& broker_;
    const wire::TextRule text_rule_; ///< what the database takes for text
    pg::GroupTurn turn_;             ///< from the first request of a turn to its commit
    store::Groups tables_;
    group::Groups groups_;
    group::Settings settings_;
    group::TopicLookup topics_;
    std::function<std::string()> new_id_;
    std::function<bool(const std::string&)> pending_offsets_; ///< whether a group has some of transactions
    std::optional<std::pair<const group::Ticket, Call>>
        current_; ///< the request at hand, until it is answered or parked
    std::unordered_map<group::Ticket, Call> parked_;
    std::unordered_map<uint64_t, group::Ticket>
        by_connection_; ///< a connection waits for one answer at a time
    group::Ticket next_ticket_ = 1;
    std::vector<group::Row> rows_;            ///< not written yet
    std::unordered_set<std::string> changed_; ///< the groups that these are of
    std::optional<group::Time> load_at_; ///< groups are to be read from their tables, not before that time
    bool ticked_ = false;                ///< what was due is among the rows of this turn
    group::Time rest_until_{};           ///< nothing that is due is done before
    bool all_to_be_read_ = true;
    std::set<std::string> to_be_read_; ///< groups that memory must not be believed of
    std::string load_failure_;         ///< why the last attempt failed; empty if it did not
};

} // namespace kafka::api
