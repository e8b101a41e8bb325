// See transaction_coordinator.h.
#include "api/transaction_coordinator.h"

#include "api/broker.h"
#include "api/refuse.h"
#include "pg/session.h"

#include <algorithm>
#include <utility>

namespace kafka::api {
namespace {

using group::Clock;
using wire::ErrorCode;

/// Until what could not be read, or written, is tried again.
constexpr std::chrono::milliseconds retry_interval(100);
/// The same of a transaction that could not be ended, for long.
constexpr std::chrono::milliseconds longest_pause(10'000);
/// Transactions that are ended because of their time in one turn; each may have many partitions.
constexpr size_t time_outs_per_turn = 10;
/// Aborted transactions that are remembered of a partition; for older ones the table is asked.
constexpr size_t aborted_in_memory = 1000;

std::set<std::string> groups_of_new_offsets(const txn::Effects& effects) {
    std::set<std::string> groups;
    for (const auto& [key, row] : effects.offsets)
        if (!row.removed) groups.insert(key.offset.group_id);
    return groups;
}

} // namespace

TransactionCoordinator::TransactionCoordinator(Broker& broker)
    : broker_(broker), text_rule_(pg::database_is_utf8() ? wire::TextRule::utf8 : wire::TextRule::ascii),
      transactions_(Clock::now()), new_producer_id_([&broker] { return broker.producer_ids.next(); }),
      load_at_(Clock::now()) {}

void TransactionCoordinator::apply(const pg::Settings& settings) {
    settings_.transaction_max_timeout_ms = settings.transaction_max_timeout_ms;
    settings_.transactional_id_expiration_ms = settings.transactional_id_expiration_ms;
    settings_.offset_metadata_max_bytes = settings.offset_metadata_max_bytes;
}

// Requests --------------------------------------------------------------------------------------------------

txn::Turn TransactionCoordinator::turn(txn::Effects& effects) const {
    return {
        {Clock::now(), broker_.now_ms()}, settings_, broker_.coordinator.topics(), new_producer_id_, effects};
}

bool TransactionCoordinator::is_text(const wire::Request& request) const {
    return std::visit([this](const auto& r) { return wire::has_text_only(r, text_rule_); }, request);
}

bool TransactionCoordinator::open_for(const std::string& transactional_id, std::vector<log::Topic*> topics,
                                      pg::Locks locks) {
    for (const txn::PartitionId& id : transactions_.partitions_of(transactional_id))
        if (log::Topic* topic = broker_.catalog.find(id.topic_id)) topics.push_back(topic);
    return broker_.open(topics, locks);
}

void TransactionCoordinator::ask(Call& call, const std::string& transactional_id, const Handle& handle,
                                 std::vector<log::Topic*> topics) {
    if (!is_text(call.request())) {
        wire::Response refusal = refuse(call, ErrorCode::invalid_request);
        return broker_.answer(std::move(call), std::move(refusal));
    }
    if (!look(call)) return;
    if (!open_for(transactional_id, std::move(topics))) return broker_.postpone(std::move(call));
    if (!look(call)) return; // opening topics commits what is staged, which may fail
    if (!broker_.coordinator.can_commit(transactions_.groups_with_pending_offsets(transactional_id)))
        return refuse_for_now(std::move(call));
    txn::Effects effects;
    txn::Turn now = turn(effects);
    handle(transactions_, now, {0, {}, call.version()});
    txn::Response reply = std::move(effects.replies.front().response);
    take(std::move(effects));
    wire::Response response = std::visit([](auto& r) { return wire::Response(std::move(r)); }, reply);
    answer(std::move(call), std::move(response));
}

void TransactionCoordinator::answer(Call call, wire::Response response) {
    if (!has_rows()) return broker_.answer_once_more(std::move(call), std::move(response));
    broker_.answer_when_durable(std::move(call), std::move(response), pg::Durability::server);
}

const txn::Transactions* TransactionCoordinator::look(Call& call) {
    if (loaded()) return &transactions_;
    refuse_for_now(std::move(call));
    return nullptr;
}

void TransactionCoordinator::refuse_for_now(Call call) {
    wire::Response refusal = refuse(call, ErrorCode::coordinator_load_in_progress);
    broker_.answer(std::move(call), std::move(refusal));
}

/// A transaction may end and its producer begin the next one in the same turn: ends are staged at once.
void TransactionCoordinator::take(txn::Effects effects) {
    for (const txn::End& end : std::exchange(effects.ends, {})) stage(end);
    if (const std::set<std::string> groups = groups_of_new_offsets(effects); !groups.empty())
        broker_.coordinator.expect_offsets(groups);
    effects.replies.clear();
    staged_.append(std::move(effects));
}

void TransactionCoordinator::stage(const txn::End& end) {
    for (const txn::EndedPartition& ended : end.partitions) stage_marker(end, ended);
    if (!end.offsets.empty()) broker_.coordinator.commit(end.offsets);
}

void TransactionCoordinator::stage_marker(const txn::End& end, const txn::EndedPartition& ended) {
    log::Topic* topic = broker_.catalog.find(ended.id.topic_id);
    log::Partition* partition = topic ? topic->partition(ended.id.partition) : nullptr;
    if (!partition) return;
    const int64_t now = broker_.now_ms(), offset = log::Staging::next_offset(*topic, ended.id.partition);
    const record::Marker marker{end.producer_id, end.epoch, end.committed, end.coordinator_epoch};
    const auto batch = std::make_shared<std::string>(record::make_marker(marker, now));
    record::stamp(batch->data(), offset, broker_.leader_epoch);
    broker_.staging.append(*topic, ended.id.partition, {{batch, *batch}, 0, now, {}, marker}, now);
    ended_.push_back(partition->tail.get());
    if (end.committed || ended.first_offset == txn::no_offset) return;
    const int64_t stable = ended.first_left_open == txn::no_offset ? offset + 1 : ended.first_left_open;
    aborted_.push_back({ended.id, end.producer_id, ended.first_offset, offset, stable});
}

// Records ---------------------------------------------------------------------------------------------------

ErrorCode TransactionCoordinator::may_append(const std::optional<std::string>& transactional_id,
                                             int64_t producer_id, int16_t epoch,
                                             const txn::PartitionId& partition, int16_t version) {
    return transactions_.may_append(transactional_id, producer_id, epoch, partition, version);
}

void TransactionCoordinator::appended(int64_t producer_id, std::vector<txn::AddedPartition> written) {
    txn::Effects effects;
    txn::Turn now = turn(effects);
    transactions_.appended(now, producer_id, std::move(written));
    take(std::move(effects));
}

int64_t TransactionCoordinator::last_stable_offset(const log::Topic& topic,
                                                   const log::Partition& partition) const {
    if (all_to_be_read_) return partition.log_start_offset;
    const auto open = transactions_.first_open_offset({topic.id, partition.index});
    return std::clamp(open.value_or(partition.high_watermark), partition.log_start_offset,
                      partition.high_watermark);
}

/// Where a reader goes on is kept, since the next Fetch will ask for what follows.
std::vector<log::Aborted> TransactionCoordinator::aborted(const log::Topic& topic, log::Partition& partition,
                                                          int64_t from, int64_t to) {
    if (partition.aborted_lately.covers(from, to)) return partition.aborted_lately.between(from, to);
    if (partition.aborted_read.covers(from, to)) return partition.aborted_read.between(from, to);
    broker_.cold_read_bytes += cost_of_look_up;
    log::AbortedStretch read = tables_.aborted({topic.id, partition.index}, from, to);
    read.until =
        std::min(read.until, last_stable_offset(topic, partition)); // what is open may be aborted yet
    std::vector<log::Aborted> found = read.between(from, to);
    if (read.transactions.size() > aborted_in_memory) read = {};
    partition.aborted_read = std::move(read);
    return found;
}

// Groups ----------------------------------------------------------------------------------------------------

void TransactionCoordinator::offset_changed(const std::string& group_id, const wire::Uuid& topic_id,
                                            int32_t partition) {
    if (!has_pending_offset(group_id, topic_id, partition)) return;
    txn::Effects effects;
    txn::Turn now = turn(effects);
    transactions_.offset_changed(now, {group_id, {topic_id, partition}});
    take(std::move(effects));
}

void TransactionCoordinator::group_deleted(const std::string& group_id) {
    txn::Effects effects;
    txn::Turn now = turn(effects);
    transactions_.group_deleted(now, group_id);
    take(std::move(effects));
}

// Time ------------------------------------------------------------------------------------------------------

/// False if it was not done, or failed.
template <class Work> bool TransactionCoordinator::try_to(Work work, const std::string& id) {
    try {
        return work();
    } catch (const pg::Error& error) { // a topic that cannot be opened, or no ids for producers
        broker_.log_failure("end a transaction that has taken too long", error);
        put_off(id);
        return false;
    }
}

void TransactionCoordinator::tick() {
    if (!loaded() || next_deadline() > Clock::now()) return;
    if (broker_.has_staged()) broker_.commit(); // nothing of it shall fail with what follows
    std::vector<std::string> ids = transactions_.due(Clock::now(), one_by_one_ ? 1 : time_outs_per_turn);
    // All are opened before anything is staged, which opening would commit.
    std::erase_if(ids, [&](const auto& id) {
        return !try_to([&] { return open_for(id, {}, pg::Locks::taken_at_once); }, id);
    });
    std::erase_if(ids, [&](const auto& id) { return !try_to([&] { return stage_time_out(id); }, id); });
    txn::Effects effects;
    txn::Turn now = turn(effects);
    transactions_.tick(now);
    take(std::move(effects));
    const bool stored =
        !has_rows() || broker_.commit(pg::Durability::local, pg::Locks::taken_at_once) == ErrorCode::none;
    stored ? timed_out(ids) : not_timed_out(ids);
}

bool TransactionCoordinator::stage_time_out(const std::string& id) {
    txn::Effects effects;
    txn::Turn now = turn(effects);
    transactions_.time_out(now, id);
    take(std::move(effects));
    return true;
}

void TransactionCoordinator::timed_out(const std::vector<std::string>& ids) {
    for (const std::string& id : ids) stuck_.erase(id);
    std::erase_if(stuck_, [this](const auto& entry) { return !transactions_.is_ongoing(entry.first); });
    if (!transactions_.due(Clock::now(), 1).empty()) return;
    rest_until_ = Clock::now() + broker_.settings.transaction_time_out_interval;
    one_by_one_ = false;
}

/// Nothing but these was to be written: if it was one, it is known which one cannot be ended.
void TransactionCoordinator::not_timed_out(const std::vector<std::string>& ids) {
    one_by_one_ = true;
    if (ids.size() == 1) put_off(ids.front());
    rest();
}

/// It is due still, but does not keep others from their end.
void TransactionCoordinator::put_off(const std::string& id) {
    Stuck& stuck = stuck_[id];
    stuck.pause = std::clamp(2 * stuck.pause, retry_interval, longest_pause);
    stuck.until = Clock::now() + std::max(stuck.pause, broker_.settings.transaction_time_out_interval);
    transactions_.put_off(id, stuck.until);
}

txn::Time TransactionCoordinator::next_deadline() const {
    return load_at_ ? *load_at_ : std::max(transactions_.next_deadline(), rest_until_);
}

/// What is due is due still.
void TransactionCoordinator::rest() { rest_until_ = Clock::now() + retry_interval; }

void TransactionCoordinator::topic_deleted(const wire::Uuid& id) {
    txn::Effects effects;
    txn::Turn now = turn(effects);
    transactions_.topic_deleted(now, id);
    take(std::move(effects));
}

// Tables ----------------------------------------------------------------------------------------------------

bool TransactionCoordinator::loaded() {
    if (!load_at_) return true;
    if (*load_at_ > Clock::now() || has_rows()) return false; // what is not written yet is not in the tables
    try {
        load();
    } catch (const pg::Error& error) {
        if (load_failure_ != error.what()) broker_.log_failure("read transactions", error);
        load_failure_ = error.what();
        load_at_ = Clock::now() + retry_interval;
        return false;
    }
    load_at_.reset();
    load_failure_.clear();
    return true;
}

/// Read as a whole before any of it is applied: a failure leaves nothing behind.
void TransactionCoordinator::load() {
    std::vector<txn::TransactionRow> transactions;
    std::vector<txn::PendingOffsetRow> offsets;
    const auto take_transaction = [&](const txn::TransactionRow& row) { transactions.push_back(row); };
    const auto take_offset = [&](const txn::PendingOffsetRow& row) { offsets.push_back(row); };
    pg::Transaction transaction("reading transactions");
    store::do_not_wait_for_locks();
    if (all_to_be_read_)
        tables_.load(take_transaction, take_offset);
    else
        tables_.load({to_be_read_.begin(), to_be_read_.end()}, take_transaction, take_offset);
    transaction.commit(pg::Durability::none_written);
    const group::Now now{Clock::now(), broker_.now_ms()};
    for (const txn::TransactionRow& row : transactions) transactions_.apply(row, now);
    for (const txn::PendingOffsetRow& row : offsets) transactions_.apply(row);
    transactions_.turn_over();
    if (std::exchange(all_to_be_read_, false)) wake_readers();
    to_be_read_.clear();
    for (const auto& [id, stuck] : stuck_) transactions_.put_off(id, stuck.until);
}

/// Of committed records, for whom the logs had ended at their beginnings.
void TransactionCoordinator::wake_readers() {
    for (const auto& [name, topic] : broker_.catalog.topics())
        for (const log::Partition& partition : topic->partitions)
            broker_.waiting.changed(partition.tail.get());
}

void TransactionCoordinator::distrust() {
    transactions_ = txn::Transactions(Clock::now());
    all_to_be_read_ = true;
    to_be_read_.clear();
    load_at_ = Clock::now();
}

void TransactionCoordinator::write_rows() {
    tables_.write(staged_.transactions);
    tables_.write(staged_.offsets);
    tables_.write(aborted_);
}

void TransactionCoordinator::written() {
    for (const store::AbortedTransaction& a : std::exchange(aborted_, {})) {
        log::Topic* topic = broker_.catalog.find(a.partition.topic_id);
        log::Partition* partition = topic ? topic->partition(a.partition.partition) : nullptr;
        if (!partition) continue;
        log::AbortedStretch& lately = partition->aborted_lately;
        lately.transactions.push_back({a.producer_id, a.first_offset, a.last_offset});
        if (lately.transactions.size() <= aborted_in_memory) continue;
        lately.from = lately.transactions.front().last_offset + 1;
        lately.transactions.erase(lately.transactions.begin());
    }
    staged_ = {};
    if (!load_at_) transactions_.turn_over();
    for (const void* tail : std::exchange(ended_, {}))
        broker_.waiting.changed(tail); // the last stable offset has moved
}

void TransactionCoordinator::not_written() {
    std::set<std::string> ids;
    for (const auto& [id, row] : staged_.transactions) ids.insert(id);
    for (const auto& [key, row] : staged_.offsets) ids.insert(key.transactional_id);
    staged_ = {};
    aborted_.clear();
    ended_.clear();
    for (const std::string& id : ids)
        transactions_.drop(id); // readers see no end of it until it has been read
    if (ids.empty()) return;
    to_be_read_.merge(ids);
    load_at_ = Clock::now();
}

} // namespace kafka::api
