// The transaction coordinator as the broker sees it: requests go to the transactions (txn/), and what comes of them goes into the
// turn's database transaction: rows, markers in the log, offsets of groups. So an end is whole, or nothing of it. Main thread only.
//
// Transactions change in memory at once. Readers see an end with the commit, as Transactions::turn_over() says; every answer waits
// for it. Should the commit fail, the transactions that it touched are read again from their tables.
#pragma once
#include "api/call.h"
#include "log/topic.h"
#include "pg/settings.h"
#include "store/transactions.h"
#include "txn/transactions.h"
#include "wire/text.h"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kafka::api {

class Broker;

class TransactionCoordinator {
public:
    explicit TransactionCoordinator(Broker& broker);

    using Handle = std::function<void(txn::Transactions&, txn::Turn&, const txn::Caller&)>;
    /// Lets the transactions handle a request, which answers this call. Before, the topics that may get markers are opened: those
    /// of the transactional id's transaction (empty: of none), and these.
    void ask(Call& call, const std::string& transactional_id, const Handle& handle,
             std::vector<log::Topic*> topics = {});
    template <class Request>
    void ask(Call& call, const Request& request, const std::string& transactional_id,
             void (txn::Transactions::*handle)(txn::Turn&, const txn::Caller&, const Request&),
             std::vector<log::Topic*> topics = {}) {
        ask(
            call, transactional_id,
            [&](txn::Transactions& transactions, txn::Turn& turn, const txn::Caller& caller) {
                (transactions.*handle)(turn, caller, request);
            },
            std::move(topics));
    }
    /// The transactions, to be looked at for an answer to this call; null if they cannot be read: then the call has been refused.
    const txn::Transactions* look(Call& call);

    /// Answers with what has been seen of transactions: once it is stored, as durably as when it was answered first.
    void answer(Call call, wire::Response response);
    /// Why a batch of a transaction may not be appended to the partition; none: it may. Once they are loaded(). See
    /// txn::Transactions::may_append().
    txn::ErrorCode may_append(const std::optional<std::string>& transactional_id, int64_t producer_id,
                              int16_t epoch, const txn::PartitionId& partition, int16_t version);
    /// The first offset of what the producer has open in the partition; txn::no_offset: nothing.
    int64_t open_since(int64_t producer_id, const txn::PartitionId& partition) const {
        return transactions_.open_since(producer_id, partition);
    }
    /// Batches of a producer's transaction have been staged at these offsets.
    void appended(int64_t producer_id, std::vector<txn::AddedPartition> written);
    /// Where a reader of committed records must stop. As long as transactions have not been read at all, at the beginning: call
    /// loaded() before, outside of transactions.
    int64_t last_stable_offset(const log::Topic& topic, const log::Partition& partition) const;
    /// True if memory says what is in the tables; reads them if it is time to.
    bool loaded();
    /// The aborted transactions that a reader of the offsets from `from` on and below `to` has to know of.
    std::vector<log::Aborted> aborted(const log::Topic& topic, log::Partition& partition, int64_t from,
                                      int64_t to);
    /// A client has committed or deleted the offset, or deleted the group: what transactions wanted to commit before no longer counts.
    void offset_changed(const std::string& group_id, const wire::Uuid& topic_id, int32_t partition);
    void group_deleted(const std::string& group_id);
    /// An offset that waits for the end of a transaction.
    bool has_pending_offset(const std::string& group_id, const wire::Uuid& topic_id,
                            int32_t partition) const {
        return transactions_.has_pending_offset({group_id, {topic_id, partition}});
    }
    /// The group's offsets are kept, however old they are: a transaction that is aborted leaves them.
    bool has_pending_offsets(const std::string& group_id) const {
        return load_at_ || transactions_.has_pending_offsets(group_id);
    }

    /// Does what is due, the first time it reads the transactions from their tables. Between turns, and in a database transaction of
    /// its own, which waits for no lock: clients neither wait for it nor fail with it.
    void tick();
    txn::Time next_deadline() const;
    void apply(const pg::Settings& settings);
    void topic_deleted(const wire::Uuid& id);
    /// Between turns: what is in the tables may be another thing, and all transactions are read again.
    void distrust();

    /// True if there is something to be written in the turn's transaction.
    bool has_rows() const {
        return !staged_.transactions.empty() || !staged_.offsets.empty() || !aborted_.empty();
    }
    /// Writes it, within that transaction.
    void write_rows();
    /// The transaction has committed, or failed.
    void written();
    void not_written();

private:
    /// A transaction whose time is over and that could not be ended.
    struct Stuck {
        txn::Time until{}; ///< when it is tried again
        std::chrono::milliseconds pause{0};
    };
    txn::Turn turn(txn::Effects& effects) const;
    bool is_text(const wire::Request& request) const;
    bool open_for(const std::string& transactional_id, std::vector<log::Topic*> topics,
                  pg::Locks locks = pg::Locks::waited_for);
    void refuse_for_now(Call call);
    void take(txn::Effects effects);
    void stage(const txn::End& end);
    void stage_marker(const txn::End& end, const txn::EndedPartition& ended);
    void load();
    void wake_readers();
    template <class Work> bool try_to(Work work, const std::string& id);
    bool stage_time_out(const std::string& id);
    void timed_out(const std::vector<std::string>& ids);
    void not_timed_out(const std::vector<std::string>& ids);
    void put_off(const std::string& id);
    void rest();

    Broker& broker_;
    const wire::TextRule text_rule_; ///< what the database takes for text
    store::Transactions tables_;
    txn::Transactions transactions_;
    txn::Settings settings_;
    std::function<int64_t()> new_producer_id_;
    txn::Effects staged_; ///< rows that are not written yet
    std::vector<store::AbortedTransaction> aborted_;
    std::vector<const void*> ended_; ///< tails of partitions that get a marker in this turn
    std::optional<txn::Time>
        load_at_;            ///< transactions are to be read from their tables, not before that time
    txn::Time rest_until_{}; ///< nothing that is due is done before
    bool one_by_one_ =
        false; ///< one transaction is ended at a time because of its time, until all have been tried
    std::map<std::string, Stuck> stuck_; ///< by transactional id
    bool all_to_be_read_ = true;
    std::set<std::string> to_be_read_; ///< transactional ids that memory must not be believed of
    std::string load_failure_;         ///< why the last attempt failed; empty if it did not
};

} // namespace kafka::api
