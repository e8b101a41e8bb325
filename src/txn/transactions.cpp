#include "txn/transactions.h"

#include <algorithm>
#include <iterator>

namespace kafka::txn {
namespace {

/// How often transactional ids that nobody uses are looked for, and most that a tick looks at.
constexpr auto expiry_interval = std::chrono::hours(1);
constexpr size_t ids_per_tick = 1'000;

} // namespace

void Effects::append(Effects later) {
    for (auto& [id, row] : later.transactions) transactions.insert_or_assign(id, std::move(row));
    for (auto& [key, row] : later.offsets) offsets.insert_or_assign(key, std::move(row));
    std::move(later.replies.begin(), later.replies.end(), std::back_inserter(replies));
    std::move(later.ends.begin(), later.ends.end(), std::back_inserter(ends));
}

Transactions::Transactions(Time now) : expiry_{now + expiry_interval, {}} {}

Transactions::Transaction* Transactions::get(const std::string& transactional_id) {
    const auto at = transactions_.find(transactional_id);
    return at == transactions_.end() ? nullptr : &at->second;
}

const Transactions::Transaction* Transactions::get(const std::string& transactional_id) const {
    return const_cast<Transactions*>(this)->get(transactional_id);
}

const TransactionRow* Transactions::find(const std::string& transactional_id) const {
    const Transaction* transaction = get(transactional_id);
    return transaction ? &transaction->row : nullptr;
}

const Transactions::Transaction* Transactions::of_producer(int64_t producer_id) const {
    const auto at = by_producer_.find(producer_id);
    return at == by_producer_.end() ? nullptr : get(at->second);
}

ErrorCode Transactions::check(const std::string& transactional_id, int64_t producer_id, int16_t epoch) const {
    if (transactional_id.empty()) return ErrorCode::invalid_request;
    const TransactionRow* row = find(transactional_id);
    if (!row || row->producer_id != producer_id) return ErrorCode::invalid_producer_id_mapping;
    return row->epoch == epoch ? ErrorCode::none : ErrorCode::producer_fenced;
}

void Transactions::write(Turn& turn, TransactionRow row) {
    row.update_ms = turn.now.ms;
    apply(row, turn.now);
    turn.effects.transactions[row.transactional_id] = std::move(row);
}

void Transactions::write(Turn& turn, PendingOffsetRow row) {
    apply(row);
    turn.effects.offsets[row.key] = std::move(row);
}

/// Time runs by the steady clock. Of a transaction from the tables it is known how long it has been open only by the wall clock, which
/// may have been set since: it gets what is left by that, and never more than its whole time.
void Transactions::apply(const TransactionRow& row, const Now& now) {
    if (row.removed) return drop(row.transactional_id);
    Transaction& transaction = transactions_[row.transactional_id];
    index(transaction.row, row);
    const bool goes_on = transaction.due && transaction.row.producer_id == row.producer_id &&
                         transaction.row.start_ms == row.start_ms && row.state == State::ongoing;
    if (!goes_on) forget_offsets(transaction);
    transaction.row = row;
    if (row.state != State::ongoing) return set_due(transaction, std::nullopt);
    if (goes_on) return;
    const int64_t passed = std::clamp<int64_t>(now.ms - row.start_ms, 0, row.timeout_ms);
    set_due(transaction, now.time + group::milliseconds(row.timeout_ms - passed));
}

/// One without an open transaction is not ours: somebody has changed the tables.
void Transactions::apply(const PendingOffsetRow& row) {
    Transaction* transaction = get(row.key.transactional_id);
    if (!transaction || transaction->row.state != State::ongoing) return;
    const OffsetKey& key = row.key.offset;
    if (row.removed) {
        transaction->offsets.erase(key);
        const auto ids = pending_.find(key);
        if (ids == pending_.end()) return;
        ids->second.erase(row.key.transactional_id);
        if (ids->second.empty()) pending_.erase(ids);
        return;
    }
    transaction->offsets[key] = row;
    pending_[key].insert(row.key.transactional_id);
    next_number_ = std::max(next_number_, row.number + 1);
}

void Transactions::drop(const std::string& transactional_id) {
    Transaction* transaction = get(transactional_id);
    if (!transaction) return;
    index(transaction->row, {});
    forget_offsets(*transaction);
    set_due(*transaction, std::nullopt);
    transactions_.erase(transactional_id);
}

void Transactions::forget_offsets(Transaction& transaction) {
    for (const auto& [key, row] : transaction.offsets) {
        const auto ids = pending_.find(key);
        ids->second.erase(row.key.transactional_id);
        if (ids->second.empty()) pending_.erase(ids);
    }
    transaction.offsets.clear();
}

void Transactions::set_due(Transaction& transaction, std::optional<Time> due) {
    const std::string& id = transaction.row.transactional_id;
    if (transaction.due) time_outs_.erase({*transaction.due, id});
    transaction.due = due;
    if (due) time_outs_.emplace(*due, id);
}

/// Takes out what the old row says and the new one does not, and puts in what is new. A transaction may have thousands of partitions
/// and is written once for each in which it begins, so that nothing is touched that stays.
void Transactions::index(const TransactionRow& old, const TransactionRow& row) {
    const bool same_producer = old.producer_id == row.producer_id;
    if (!same_producer) {
        const auto at = by_producer_.find(old.producer_id);
        if (at != by_producer_.end() && at->second == old.transactional_id) by_producer_.erase(at);
        if (row.producer_id != no_producer_id) by_producer_[row.producer_id] = row.transactional_id;
    }
    const auto is_in = [&](const std::vector<AddedPartition>& list, size_t& at, const AddedPartition& one) {
        while (at < list.size() && list[at].id < one.id) at++;
        return same_producer && at < list.size() && list[at] == one;
    };
    size_t at = 0;
    for (const AddedPartition& was : old.partitions) {
        if (was.first_offset == no_offset || is_in(row.partitions, at, was)) continue;
        const auto open = open_.find(was.id);
        if (open == open_.end() || !open->second.erase({was.first_offset, old.producer_id})) continue;
        if (open->second.empty()) open_.erase(open);
        held_[was.id].emplace(was.first_offset, old.producer_id);
    }
    at = 0;
    for (const AddedPartition& is : row.partitions)
        if (is.first_offset != no_offset && !is_in(old.partitions, at, is))
            open_[is.id].emplace(is.first_offset, row.producer_id);
}

void Transactions::tick(Turn& turn) {
    if (expiry_.due > turn.now.time) return;
    auto at = expiry_.after ? transactions_.upper_bound(*expiry_.after) : transactions_.begin();
    for (size_t count = 0; at != transactions_.end() && count < ids_per_tick; count++) {
        const TransactionRow& row = at->second.row;
        expiry_.after = row.transactional_id;
        const bool unused = row.state != State::ongoing &&
                            row.update_ms <= turn.now.ms - turn.settings.transactional_id_expiration_ms;
        ++at; // it may be removed
        if (!unused) continue;
        TransactionRow removal;
        removal.transactional_id = *expiry_.after;
        removal.removed = true;
        write(turn, std::move(removal));
    }
    if (at == transactions_.end()) expiry_ = {turn.now.time + expiry_interval, {}};
}

Time Transactions::next_deadline() const {
    if (time_outs_.empty()) return expiry_.due;
    return std::min(expiry_.due, time_outs_.begin()->first);
}

void Transactions::each_row(const std::function<void(const TransactionRow&)>& of_transaction,
                            const std::function<void(const PendingOffsetRow&)>& of_offset) const {
    for (const auto& [id, transaction] : transactions_) of_transaction(transaction.row);
    for (const auto& [id, transaction] : transactions_)
        for (const auto& [key, row] : transaction.offsets) of_offset(row);
}

} // namespace kafka::txn
