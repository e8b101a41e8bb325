// All transactional ids, with the transaction that each of them has open or had last, and what open ones have pending:
// partitions that they have written to, offsets that they will have committed. Pure; main thread only.
//
// A call takes the turn, whose effects collect rows, replies and ends. Every request is answered in its call.
//
// A request, or time, that ends a transaction has markers written to its partitions. Who calls opens these before:
// partitions_of() says which.
//
// Where a transaction has written before its end, that is seen by readers until the turn is over: see turn_over().
//
// transactions.cpp: finding, rows; transactions_producers.cpp: InitProducerId; transactions_partitions.cpp: what
// transactions write to; transactions_offsets.cpp: what they commit for groups; transactions_end.cpp: how they end;
// transactions_admin.cpp: list, describe.
#pragma once
#include "txn/types.h"
#include "wire/messages/describe_transactions.h"
#include "wire/messages/list_transactions.h"

#include <set>
#include <unordered_map>

namespace kafka::txn {

class Transactions {
public:
    explicit Transactions(Time now);

    // Producers (transactions_producers.cpp).

    void init_producer_id(Turn& turn, const Caller& caller, const wire::init_producer_id::Request& request);

    // What transactions write to (transactions_partitions.cpp).

    void add_partitions(Turn& turn, const Caller& caller,
                        const wire::add_partitions_to_txn::Request& request);
    /// What a batch of a transaction is answered with, before its sequence is looked at; none: it may be appended. `version` is that
    /// of the Produce request.
    ErrorCode may_append(const std::optional<std::string>& transactional_id, int64_t producer_id,
                         int16_t epoch, const PartitionId& partition, int16_t version) const;
    /// Such batches have got these offsets, all those of a request at once: a transaction is written as a whole. Since version 12 of
    /// Produce this adds the partitions, too, and begins a transaction.
    void appended(Turn& turn, int64_t producer_id, std::vector<AddedPartition> written);
    /// The first offset of what the producer has open in the partition; no_offset: nothing. As long as there is something, its batches
    /// that are not transactional are refused with INVALID_TXN_STATE.
    int64_t open_since(int64_t producer_id, const PartitionId& partition) const;
    bool is_open(int64_t producer_id, const PartitionId& partition) const {
        return open_since(producer_id, partition) != no_offset;
    }
    /// Of all producers, as of the end of the last turn or earlier: the last stable offset is not above it. None: nothing is open.
    std::optional<int64_t> first_open_offset(const PartitionId& partition) const;
    /// The same as this turn leaves it, for those who read after that: without what has ended meanwhile.
    std::optional<int64_t> first_offset_left_open(const PartitionId& partition) const;

    // Offsets of groups (transactions_offsets.cpp).

    void add_offsets(Turn& turn, const Caller& caller, const wire::add_offsets_to_txn::Request& request);
    /// `group_says` whether this member may commit in this generation; it is asked if the transaction may commit offsets of the group.
    void commit_offsets(Turn& turn, const Caller& caller, const wire::txn_offset_commit::Request& request,
                        const std::function<ErrorCode()>& group_says);
    /// Readers that want stable offsets get UNSTABLE_OFFSET_COMMIT.
    bool has_pending_offset(const OffsetKey& key) const { return pending_.contains(key); }
    /// Those that the transaction's commit changes.
    std::set<std::string> groups_with_pending_offsets(const std::string& transactional_id) const;
    /// Such a group's offsets must not expire.
    bool has_pending_offsets(const std::string& group_id) const;
    /// The group's offset was committed without a transaction, or deleted: what transactions wanted to commit for it before no
    /// longer counts.
    void offset_changed(Turn& turn, const OffsetKey& key);
    void group_deleted(Turn& turn, const std::string& group_id);

    // How they end (transactions_end.cpp).

    void end(Turn& turn, const Caller& caller, const wire::end_txn::Request& request);
    /// Ends what producers have open in single partitions; as far as the transaction goes on, it does so without that. An operator's
    /// tool (kafka-transactions) asks for it.
    void write_markers(Turn& turn, const Caller& caller, const wire::write_txn_markers::Request& request);
    /// The transactional ids whose transactions have been open for too long, at most so many, the longest overdue first.
    std::vector<std::string> due(Time now, size_t most) const;
    /// Aborts one of these.
    void time_out(Turn& turn, const std::string& transactional_id);
    /// Whether there is an open transaction of that id.
    bool is_ongoing(const std::string& transactional_id) const;
    /// It could not be aborted: it is not due before that time.
    void put_off(const std::string& transactional_id, Time until);
    /// Where its open transaction would get markers, were it to end.
    std::vector<PartitionId> partitions_of(const std::string& transactional_id) const;
    /// A topic is gone, and with it what was written to it and what was to be committed for it.
    void topic_deleted(Turn& turn, const wire::Uuid& topic_id);

    // Administration (transactions_admin.cpp).

    wire::describe_transactions::Response describe(const group::TopicLookup& topics,
                                                   const wire::describe_transactions::Request& request) const;
    wire::list_transactions::Response list(int64_t now_ms,
                                           const wire::list_transactions::Request& request) const;

    // Time (transactions.cpp).

    /// Forgets transactional ids that have not been used for long, in bounded steps.
    void tick(Turn& turn);
    /// Of tick() or of what is due(). In the past if there is more to do.
    Time next_deadline() const;
    /// The turn's database transaction has committed; or it has failed, and what it touched was dropped and read again. Readers do
    /// not wait for a commit: until now they were shown what had been open when the turn began.
    void turn_over() { held_.clear(); }

    // What is stored (transactions.cpp).

    /// A row from the tables: those of transactions first. What transactions store themselves is applied already.
    void apply(const TransactionRow& row, const Now& now);
    void apply(const PendingOffsetRow& row);
    /// Forgets the transactional id and what is pending of it, to be read again from the tables. Readers are still shown what it has had
    /// open, until turn_over().
    void drop(const std::string& transactional_id);
    /// Visits what is stored of all, in the order in which it is read at start.
    void each_row(const std::function<void(const TransactionRow&)>& of_transaction,
                  const std::function<void(const PendingOffsetRow&)>& of_offset) const;
    /// Null if there is none.
    const TransactionRow* find(const std::string& transactional_id) const;
    size_t size() const { return transactions_.size(); }

private:
    using Offsets = std::map<OffsetKey, PendingOffsetRow>;
    struct Transaction {
        TransactionRow row;
        Offsets offsets;         ///< pending
        std::optional<Time> due; ///< while it is ongoing
    };
    /// Offsets of which one partition's open transactions begin, with the producer ids.
    using Open = std::set<std::pair<int64_t, int64_t>>;

    // transactions.cpp
    Transaction* get(const std::string& transactional_id);
    const Transaction* get(const std::string& transactional_id) const;
    const Transaction* of_producer(int64_t producer_id) const;
    /// Also for the rows: applies one and gives it to the turn.
    void write(Turn& turn, TransactionRow row);
    void write(Turn& turn, PendingOffsetRow row);
    /// What can be said against a request of that producer to that transactional id, in whatever state its transaction is.
    ErrorCode check(const std::string& transactional_id, int64_t producer_id, int16_t epoch) const;
    void index(const TransactionRow& old, const TransactionRow& row);
    void set_due(Transaction& transaction, std::optional<Time> due);
    void forget_offsets(Transaction& transaction);

    // transactions_producers.cpp
    wire::init_producer_id::Response init(Turn& turn, const wire::init_producer_id::Request& request);
    wire::init_producer_id::Response init_transactional(Turn& turn,
                                                        const wire::init_producer_id::Request& request);

    // transactions_partitions.cpp
    wire::add_partitions_to_txn::AddPartitionsToTxnResult
    add(Turn& turn, int16_t version,
        const wire::add_partitions_to_txn::AddPartitionsToTxnTransaction& request);

    // transactions_offsets.cpp
    ErrorCode add_group(Turn& turn, const std::string& transactional_id, int64_t producer_id, int16_t epoch,
                        const std::string& group_id);
    ErrorCode may_commit(Turn& turn, int16_t version, const wire::txn_offset_commit::Request& request,
                         const std::function<ErrorCode()>& group_says);
    ErrorCode commit_one(Turn& turn, const wire::txn_offset_commit::Request& request,
                         const PartitionId& partition,
                         const wire::txn_offset_commit::TxnOffsetCommitRequestPartition& offset);
    void remove_pending(Turn& turn, const std::vector<PendingKey>& keys);
    std::vector<group::OffsetRow> take_offsets(Turn& turn, const std::string& transactional_id, bool commit);

    // transactions_end.cpp
    void finish(Turn& turn, TransactionRow next, int16_t marker_epoch);
    /// The row without what the end ends.
    void write_end(Turn& turn, TransactionRow next, End end);
    ErrorCode end_as_v1(Turn& turn, const wire::end_txn::Request& request);
    ErrorCode end_as_v2(Turn& turn, const wire::end_txn::Request& request);
    ErrorCode may_write_marker(const wire::write_txn_markers::WritableTxnMarker& marker,
                               const PartitionId& partition) const;
    void write_marker(Turn& turn, const wire::write_txn_markers::WritableTxnMarker& marker,
                      std::vector<PartitionId> partitions);

    std::map<std::string, Transaction> transactions_;
    /// Transactional ids by their current producer ids.
    std::unordered_map<int64_t, std::string> by_producer_;
    std::map<PartitionId, Open> open_;
    /// What was open in partitions and is not any more since this turn began.
    std::map<PartitionId, Open> held_;
    std::map<OffsetKey, std::set<std::string>> pending_; ///< the transactional ids that have one pending
    std::set<std::pair<Time, std::string>> time_outs_;   ///< of ongoing transactions
    int64_t next_number_ = 1;                            ///< of pending offsets
    struct Round {
        Time due;                         ///< when it begins, or goes on
        std::optional<std::string> after; ///< under way: it goes on after this transactional id
    } expiry_;
};

} // namespace kafka::txn
