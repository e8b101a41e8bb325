// See group_coordinator.h.
#include "api/group_coordinator.h"

#include "api/broker.h"
#include "api/refuse.h"
#include "pg/session.h"
#include "store/topics.h"

#include <algorithm>
#include <random>
#include <type_traits>
#include <utility>

namespace kafka::api {
namespace {

using group::Clock;

/// Until tables that could not be read, or written, are tried again.
constexpr std::chrono::milliseconds retry_interval(100);

/// As Kafka shows the host of a member.
std::string host_of(const net::Address& address) { return "/" + address.host; }

group::MigrationPolicy migration_policy(const std::string& name) {
    using enum group::MigrationPolicy;
    if (name == "upgrade") return upgrade;
    if (name == "downgrade") return downgrade;
    return name == "disabled" ? disabled : bidirectional;
}

group::Settings group_settings(const pg::Settings& s) {
    group::Settings g;
    g.group_min_session_timeout_ms = s.group.min_session_timeout_ms;
    g.group_max_session_timeout_ms = s.group.max_session_timeout_ms;
    g.group_max_size = s.group.max_size;
    g.group_initial_rebalance_delay_ms = s.group.initial_rebalance_delay_ms;
    g.group_consumer_heartbeat_interval_ms = s.group.consumer_heartbeat_interval_ms;
    g.group_consumer_min_heartbeat_interval_ms = s.group.consumer_min_heartbeat_interval_ms;
    g.group_consumer_max_heartbeat_interval_ms = s.group.consumer_max_heartbeat_interval_ms;
    g.group_consumer_session_timeout_ms = s.group.consumer_session_timeout_ms;
    g.group_consumer_min_session_timeout_ms = s.group.consumer_min_session_timeout_ms;
    g.group_consumer_max_session_timeout_ms = s.group.consumer_max_session_timeout_ms;
    g.group_consumer_max_size = s.group.consumer_max_size;
    g.group_consumer_assignors = s.group.consumer_assignors;
    g.group_consumer_migration_policy = migration_policy(s.group.consumer_migration_policy);
    g.offsets_retention_minutes = s.offsets_retention_minutes;
    g.offset_metadata_max_bytes = s.offset_metadata_max_bytes;
    return g;
}

group::TopicInfo info(const log::Topic& topic) {
    return {topic.id, topic.name, int32_t(topic.partitions.size())};
}

std::optional<group::TopicInfo> info(const log::Topic* topic) {
    if (!topic) return std::nullopt;
    return info(*topic);
}

group::TopicLookup lookup(const log::Catalog& catalog) {
    return {[&catalog](wire::View name) { return info(catalog.find(name)); },
            [&catalog](const wire::Uuid& id) { return info(catalog.find(id)); },
            [&catalog](uint64_t after, const std::function<void(const group::TopicInfo&)>& visit) {
                catalog.each_newer(after, [&](const log::Topic& topic) { visit(info(topic)); });
                return catalog.newest();
            }};
}

/// A random UUID, version 4, in its usual form.
std::string random_uuid() {
    std::random_device random; // member ids must not be guessable by another client
    std::string text;
    for (int word = 0; word < 4; word++) {
        char digits[9];
        std::snprintf(digits, sizeof digits, "%08x", random());
        text += digits;
    }
    text[12] = '4';
    text[16] = "89ab"[text[16] & 3];
    for (const size_t at : {20, 16, 12, 8}) text.insert(at, 1, '-');
    return text;
}

wire::Response to_wire(group::Response response) {
    return std::visit([](auto& r) { return wire::Response(std::move(r)); }, response);
}

const std::string& group_of(const group::Row& row) {
    return std::visit([](const auto& r) -> const std::string& { return r.group_id; }, row);
}

/// The groups that a request names.
template <class Request> std::vector<wire::View> groups_of(const Request& request) {
    std::vector<wire::View> ids;
    if constexpr (std::is_same_v<Request, wire::offset_fetch::Request>)
        for (const auto& group : request.groups) ids.push_back(group.group_id);
    if constexpr (requires { request.group_id; })
        if (ids.empty()) ids.push_back(request.group_id);
    if constexpr (std::is_same_v<Request, wire::delete_groups::Request>)
        ids.assign(request.groups_names.begin(), request.groups_names.end());
    return ids;
}

std::vector<wire::View> groups_of(const wire::Request& request) {
    return std::visit([](const auto& r) { return groups_of(r); }, request);
}

} // namespace

GroupCoordinator::GroupCoordinator(Broker& broker)
    : broker_(broker), text_rule_(pg::database_is_utf8() ? wire::TextRule::utf8 : wire::TextRule::ascii),
      groups_(Clock::now()), topics_(lookup(broker.catalog)), new_id_(random_uuid),
      pending_offsets_(
          [&broker](const std::string& id) { return broker.transactions.has_pending_offsets(id); }),
      load_at_(Clock::now()) {}

void GroupCoordinator::apply(const pg::Settings& settings) {
    group::GroupConfigs configs = std::move(settings_.group_configs);
    settings_ = group_settings(settings);
    settings_.group_configs = std::move(configs);
}

void GroupCoordinator::apply(group::GroupConfigs configs) { settings_.group_configs = std::move(configs); }

void GroupCoordinator::apply(const std::string& group_id, const group::GroupConfig& config) {
    if (config == group::GroupConfig{})
        settings_.group_configs.erase(group_id);
    else
        settings_.group_configs[group_id] = config;
}

// What clients call themselves and their groups is stored as text ---------------------------------------------

bool GroupCoordinator::is_text(wire::View text) const { return wire::is_text(text, text_rule_); }

bool GroupCoordinator::is_text(const wire::Request& request) const {
    return std::visit([this](const auto& r) { return wire::has_text_only(r, text_rule_); }, request);
}

std::string GroupCoordinator::text_of(const std::optional<std::string>& client_id) const {
    return client_id && wire::is_text(*client_id, text_rule_) ? *client_id : "";
}

// Sessions that change groups by SQL ------------------------------------------------------------------------

/// Nothing of a turn may come before its beginning: no session can hold a group any more without waiting for the commit.
void GroupCoordinator::begin_turn() {
    if (!turn_.begin()) return;
    const pg::GroupTurn::Changes changes = turn_.take_changes();
    if (changes.all) return distrust();
    if (changes.groups.none()) return;
    std::vector<std::string> changed;
    for (const auto& [id, group] : groups_.all())
        if (changes.groups[pg::group_hash(id)]) changed.push_back(id);
    for (const std::string& id : changed) read_again(id);
}

bool GroupCoordinator::put_off(Call& call) {
    begin_turn();
    if (turn_.held().none()) return false;
    const auto ids = groups_of(call.request());
    const auto held = [this](wire::View id) { return turn_.held()[pg::group_hash(id)]; };
    if (std::none_of(ids.begin(), ids.end(), held)) return false;
    wire::Response refusal = refuse(call, wire::ErrorCode::coordinator_load_in_progress);
    broker_.answer(std::move(call), std::move(refusal));
    return true;
}

/// Time and deleted topics change groups, too. What they would have stored of a group that a session holds is left, and done when
/// the group has been read again.
void GroupCoordinator::leave_to_sessions(std::vector<group::Row>& rows) {
    if (turn_.held().none()) return;
    std::erase_if(rows, [this](const group::Row& row) {
        const std::string& id = group_of(row);
        if (!turn_.held()[pg::group_hash(id)]) return false;
        read_again(id);
        if (ticked_) rest();
        return true;
    });
}

// Requests --------------------------------------------------------------------------------------------------

group::Turn GroupCoordinator::turn(group::Effects& effects) const {
    return {{Clock::now(), broker_.now_ms()}, settings_, topics_, new_id_, pending_offsets_, effects};
}

void GroupCoordinator::ask(Call& call,
                           const std::function<void(group::Turn&, const group::Caller&)>& request) {
    if (!is_text(call.request())) {
        wire::Response refusal = refuse(call, wire::ErrorCode::invalid_request);
        return broker_.answer(std::move(call), std::move(refusal));
    }
    if (put_off(call) || refuse_unless_loaded(call)) return;
    const group::Client client{text_of(call.header().client_id), host_of(call.peer_address())};
    const group::Caller caller{next_ticket_++, client, call.version()};
    group::Effects effects;
    group::Turn now = turn(effects);
    request(now, caller);
    tell_transactions(effects.rows);
    current_.emplace(caller.ticket, std::move(call));
    take(std::move(effects));
    if (current_) park();
}

void GroupCoordinator::tell_transactions(const std::vector<group::Row>& rows) {
    for (const group::Row& row : rows)
        if (const auto* offset = std::get_if<group::OffsetRow>(&row))
            broker_.transactions.offset_changed(offset->group_id, offset->topic_id, offset->partition);
        else if (const auto* group = std::get_if<group::GroupRow>(&row); group && group->removed)
            broker_.transactions.group_deleted(group->group_id);
}

void GroupCoordinator::park() {
    current_->second.release_frame();
    by_connection_[current_->second.connection()] = current_->first;
    parked_.insert(std::move(*current_));
    current_.reset();
}

/// None: the client is gone.
std::optional<Call> GroupCoordinator::take_call(group::Ticket ticket) {
    if (current_ && current_->first == ticket) {
        std::optional<Call> call(std::move(current_->second));
        current_.reset();
        return call;
    }
    auto parked = parked_.extract(ticket);
    if (parked.empty()) return std::nullopt;
    by_connection_.erase(parked.mapped().connection());
    return std::move(parked.mapped());
}

bool GroupCoordinator::can_commit(const std::set<std::string>& groups) {
    if (groups.empty()) return true;
    begin_turn();
    const auto held = [this](const std::string& id) { return turn_.held()[pg::group_hash(id)]; };
    return loaded() && std::none_of(groups.begin(), groups.end(), held);
}

void GroupCoordinator::expect_offsets(const std::set<std::string>& group_ids) {
    change([&](group::Turn& now) { groups_.expect_offsets(now, group_ids); });
}

void GroupCoordinator::commit(const std::vector<group::OffsetRow>& offsets) {
    change([&](group::Turn& now) { groups_.commit(now, offsets); });
}

/// In the name of transactions, which answer for it.
void GroupCoordinator::change(const std::function<void(group::Turn&)>& what) {
    begin_turn();
    group::Effects effects;
    group::Turn now = turn(effects);
    what(now);
    for (group::Row& row : effects.rows) {
        changed_.insert(group_of(row));
        rows_.push_back(std::move(row));
    }
}

/// What has changed a group, and every answer that tells of it, waits for the same commit.
void GroupCoordinator::take(group::Effects effects) {
    leave_to_sessions(effects.rows);
    for (group::Row& row : effects.rows) {
        changed_.insert(group_of(row));
        rows_.push_back(std::move(row));
    }
    for (group::Reply& reply : effects.replies)
        if (std::optional<Call> call = take_call(reply.ticket))
            broker_.answer_when_written(std::move(*call), to_wire(std::move(reply.response)));
}

bool GroupCoordinator::has_rows_of(const wire::Request& request) const {
    if (rows_.empty()) return false;
    const auto ids = groups_of(request);
    const auto changed = [this](wire::View id) { return changed_.contains(std::string(id)); };
    return ids.empty() || std::any_of(ids.begin(), ids.end(), changed);
}

const group::Groups* GroupCoordinator::look(Call& call) {
    return put_off(call) || refuse_unless_loaded(call) ? nullptr : &groups_;
}

bool GroupCoordinator::refuse_unless_loaded(Call& call) {
    if (loaded()) return false;
    wire::Response refusal = refuse(call, wire::ErrorCode::coordinator_load_in_progress);
    broker_.answer(std::move(call), std::move(refusal));
    return true;
}

void GroupCoordinator::connection_closed(uint64_t connection) {
    const auto waiting = by_connection_.find(connection);
    if (waiting == by_connection_.end()) return;
    parked_.erase(waiting->second);
    by_connection_.erase(waiting);
}

// Time ------------------------------------------------------------------------------------------------------

void GroupCoordinator::tick() {
    if (!loaded() || next_deadline() > Clock::now()) return;
    begin_turn();
    group::Effects effects;
    group::Turn now = turn(effects);
    groups_.tick(now);
    ticked_ = !effects.rows.empty();
    take(std::move(effects));
}

/// Nothing becomes due in groups that cannot be believed.
group::Time GroupCoordinator::next_deadline() const {
    return load_at_ ? *load_at_ : std::max(groups_.next_deadline(), rest_until_);
}

/// Groups that could not change are as they were, and what was due in them may be due at once again. Failures of requests are another
/// thing: there may always be some, and time goes on.
void GroupCoordinator::rest() { rest_until_ = Clock::now() + retry_interval; }

void GroupCoordinator::topic_deleted(const wire::Uuid& id) {
    topics_changed();
    groups_.topic_deleted(id, Clock::now());
}

// Tables ----------------------------------------------------------------------------------------------------

/// True if memory says what is in the tables; reads them if it is time to. If they cannot be read for long, no member of any
/// group can show that it is alive: then all are read again, and all sessions begin anew.
bool GroupCoordinator::loaded() {
    if (!load_at_) return true;
    if (*load_at_ > Clock::now() || has_rows())
        return false; // what is not written yet is not in the tables; rare
    try {
        load();
    } catch (const pg::Error& error) {
        forget_unread(); // a part of them has been applied
        if (!load_failure_.empty()) distrust();
        if (load_failure_ != error.what()) broker_.log_failure("read consumer groups", error);
        load_failure_ = error.what();
        load_at_ = Clock::now() + retry_interval;
        return false;
    }
    load_at_.reset();
    load_failure_.clear();
    return true;
}

void GroupCoordinator::forget_unread() {
    if (all_to_be_read_)
        groups_ = group::Groups(Clock::now());
    else
        for (const std::string& id : to_be_read_) drop(id);
}

void GroupCoordinator::load() {
    const group::Now now{Clock::now(), broker_.now_ms()};
    const auto apply = [&](const group::Row& row) { groups_.apply(row, now); };
    if (all_to_be_read_) turn_.take_changes(); // whatever it was is about to be read
    pg::Transaction transaction;
    store::do_not_wait_for_locks();
    if (all_to_be_read_)
        tables_.load(apply);
    else
        tables_.load({to_be_read_.begin(), to_be_read_.end()}, apply);
    transaction.commit(pg::Durability::later);
    all_to_be_read_ = false;
    to_be_read_.clear();
}

void GroupCoordinator::write_rows() {
    if (!rows_.empty()) tables_.write(rows_);
}

void GroupCoordinator::written() {
    ticked_ = false;
    rows_.clear();
    changed_.clear();
    turn_.end();
}

void GroupCoordinator::not_written() {
    if (std::exchange(ticked_, false)) rest();
    rows_.clear();
    for (const std::string& id : std::exchange(changed_, {})) read_again(id);
    turn_.end();
}

void GroupCoordinator::read_again(const std::string& group_id) {
    load_at_ = Clock::now();
    if (to_be_read_.insert(group_id).second) drop(group_id);
}

/// Forgets what memory says of a group. Who waits in it is told to try again.
void GroupCoordinator::drop(const std::string& group_id) {
    for (const group::Ticket ticket : groups_.drop(group_id)) {
        std::optional<Call> call = take_call(ticket);
        if (!call) continue;
        wire::Response refusal = refuse(*call, wire::ErrorCode::not_coordinator);
        broker_.answer(std::move(*call), std::move(refusal));
    }
}

/// What is in the tables may be another thing: all groups are read again.
void GroupCoordinator::distrust() {
    std::vector<std::string> ids;
    for (const auto& [id, group] : groups_.all()) ids.push_back(id);
    for (const std::string& id : ids) drop(id);
    all_to_be_read_ = true;
    load_at_ = Clock::now();
}

} // namespace kafka::api
