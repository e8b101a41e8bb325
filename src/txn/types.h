// What the transaction coordinator is made of: the rows that it stores, the answers that it gives, and what it
// tells others to write. Pure; main thread only.
//
// A transaction is open (ongoing) or it has ended. There is no state between: all that an end writes (markers in the
// partitions, offsets in the groups, the row of the transaction) is one database transaction.
//
// As in group/, rows mirror tables, and apply(row) alone changes what is stored, live as well as at start.
#pragma once
#include "group/types.h"
#include "wire/messages/add_offsets_to_txn.h"
#include "wire/messages/add_partitions_to_txn.h"
#include "wire/messages/end_txn.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/txn_offset_commit.h"
#include "wire/messages/write_txn_markers.h"

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace kafka::txn {

using group::Caller;
using group::Now;
using group::Ticket;
using group::Time;
using wire::ErrorCode;

inline constexpr int64_t no_producer_id = -1;
inline constexpr int16_t no_epoch = -1;
inline constexpr int64_t no_offset = -1;

/// There is one coordinator, and it never loses its office.
inline constexpr int32_t coordinator_epoch = 0;

/// Kafka's broker settings for transactions, with its defaults.
struct Settings {
    int32_t transaction_max_timeout_ms = 900'000;
    int64_t transactional_id_expiration_ms = 604'800'000;
    int32_t offset_metadata_max_bytes = 4'096; ///< the same one as of groups
};

struct PartitionId {
    wire::Uuid topic_id{};
    int32_t partition = 0;
    auto operator<=>(const PartitionId&) const = default;
};

/// The offset that a group commits for a partition.
struct OffsetKey {
    std::string group_id;
    PartitionId partition;
    auto operator<=>(const OffsetKey&) const = default;
};

enum class State { empty, ongoing, complete_commit, complete_abort };

/// A partition that a transaction may write to.
struct AddedPartition {
    PartitionId id;
    int64_t first_offset = no_offset; ///< of what it has written there; none: nothing yet
    bool operator==(const AddedPartition&) const = default;
};

/// A row of the transactions' table, keyed by transactional_id. An upsert or, when `removed`, takes away what has that key. Lists
/// are in order, and empty unless the transaction is ongoing.
struct TransactionRow {
    std::string transactional_id;
    bool removed = false;
    int64_t producer_id = no_producer_id;
    int16_t epoch = no_epoch; ///< 32766 at most: one more is for the markers that end it
    /// What the producer itself may still come with, because it has not heard of its new epoch (KIP-360): the epoch, and the producer
    /// id should that have been new, too.
    int16_t last_epoch = no_epoch;
    int64_t previous_producer_id = no_producer_id;
    int32_t timeout_ms = 0;
    State state = State::empty;
    std::vector<AddedPartition> partitions;
    std::vector<std::string> groups; ///< that it may commit offsets of
    int64_t start_ms = -1;           ///< of the transaction that is open, or was the last one
    int64_t update_ms = 0;           ///< wall clock, of the last change
    bool operator==(const TransactionRow&) const = default;
};

/// Which row of the pending offsets.
struct PendingKey {
    std::string transactional_id;
    OffsetKey offset;
    auto operator<=>(const PendingKey&) const = default;
};

/// A row of the pending offsets' table: what a transaction will have committed for a group, should it be committed itself.
struct PendingOffsetRow {
    PendingKey key;
    bool removed = false;
    int64_t offset = -1;
    int32_t leader_epoch = -1; ///< of the last record read; -1: unknown
    std::string metadata;
    int64_t commit_timestamp_ms = 0;
    int64_t number = 0; ///< in the order of the requests, over all transactions: a later one holds
    bool operator==(const PendingOffsetRow&) const = default;
};

/// A partition of a transaction that has ended.
struct EndedPartition {
    PartitionId id;
    int64_t first_offset = no_offset; ///< of what was written there; none: nothing
    int64_t first_left_open =
        no_offset; ///< of what other transactions have open there after this end, whatever ends later; none: nothing
    bool operator==(const EndedPartition&) const = default;
};

/// Markers to be written, because a transaction has ended or because somebody has asked for them, and offsets to be committed.
struct End {
    std::string transactional_id;
    int64_t producer_id = no_producer_id;
    int16_t epoch = no_epoch; ///< of the markers
    bool committed = false;   ///< false: aborted
    int32_t coordinator_epoch = txn::coordinator_epoch;
    std::vector<EndedPartition> partitions; ///< each gets a marker, if nothing was written there, too
    std::vector<group::OffsetRow> offsets;  ///< of an aborted transaction: none
};

using Response = std::variant<wire::init_producer_id::Response, wire::add_partitions_to_txn::Response,
                              wire::add_offsets_to_txn::Response, wire::txn_offset_commit::Response,
                              wire::end_txn::Response, wire::write_txn_markers::Response>;

struct Reply {
    Ticket ticket = 0;
    Response response;
};

/// What comes of requests and of time. Rows are for the turn's transaction, and replies are sent when it has committed. Of each row
/// only the last is kept: a transaction may change many times in a turn. The keys also say what to drop and to read again should
/// the turn fail.
struct Effects {
    std::map<std::string, TransactionRow> transactions; ///< by transactional id
    std::map<PendingKey, PendingOffsetRow> offsets;
    std::vector<Reply> replies;
    /// To be done in this order, and before anything else happens in their partitions and groups: a producer's next transaction may
    /// begin in the same turn.
    std::vector<End> ends;

    template <class R> void reply(Ticket ticket, R response) {
        Reply& reply = replies.emplace_back();
        reply.ticket = ticket;
        // A variant that is moved in brings false warnings of GCC 12.
        reply.response.emplace<R>(std::move(response));
    }
    void append(Effects later);
};

/// What everything that happens to a transaction happens with. Lives as long as the call.
struct Turn {
    Now now;
    const Settings& settings;
    const group::TopicLookup& topics;
    /// Never the same twice, not even after a crash. May throw: nothing has happened then.
    const std::function<int64_t()>& new_producer_id;
    Effects& effects;
};

} // namespace kafka::txn
