// The broker: everything the handlers work on. A value that is passed, owned by the main thread's loop;
// nothing in the process refers to it otherwise, so a server could hold several.
//
// A turn: handlers run against memory; appends are staged; commit() writes them in one transaction; only then
// do the answers that depend on them go out. Handlers that read or change tables do so in short transactions
// of their own.
#pragma once
#include "api/call.h"
#include "api/fetch_sessions.h"
#include "api/group_coordinator.h"
#include "api/producer_snapshots.h"
#include "api/receive.h"
#include "api/response_memory.h"
#include "api/retention.h"
#include "api/transaction_coordinator.h"
#include "api/waiting.h"
#include "log/catalog.h"
#include "log/config_change.h"
#include "log/staging.h"
#include "pg/settings.h"
#include "pg/spi.h"
#include "status/board.h"
#include "store/batches.h"
#include "store/segments.h"
#include "store/topics.h"

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <unordered_set>

namespace kafka::api {

/// Of batches that a turn reads from tables for Fetch requests. It takes a few milliseconds, in which others wait; with more at once
/// reading would not be faster either, as the net thread sends what is read while the main thread reads on.
constexpr size_t max_cold_bytes_per_turn = 2 << 20;
/// Of batches, decompressed, that a turn goes through in searches; one batch in any case.
constexpr size_t max_searched_bytes_per_turn = 2 << 20;
/// What a look into a segment's table counts for among these, however little it brings; it takes locks, too.
constexpr size_t cost_of_look_up = 8 << 10;

class Broker {
public:
    Broker(pg::Settings settings, std::string cluster_id, int32_t leader_epoch,
           status::BrokerFigures& figures);

    pg::Settings settings;
    const std::string cluster_id;
    const int32_t leader_epoch;     ///< of all partitions
    status::BrokerFigures& figures; ///< for people to see; outlives the broker and its responses
    log::Catalog catalog;
    log::TailCache tail_cache;
    log::Staging staging;
    store::Batches batches;
    store::ProducerIds producer_ids;
    ProducerSnapshots producer_snapshots;
    Retention retention;
    FetchSessions fetch_sessions;
    Waiting waiting;
    ResponseMemory response_memory;
    GroupCoordinator coordinator;
    TransactionCoordinator transactions;
    size_t cold_read_bytes = 0; ///< read from tables in this turn; bounds a turn's time (see fetch.cpp)
    size_t searched_bytes = 0;  ///< gone through in search of a time or an epoch in this turn
    std::vector<PendingFetch> deferred; ///< to be resumed in the next turn: this one has read enough
    bool fetch_put_off = false;         ///< some are deferred because of what has been read in this turn

    /// The client is gone: drops what it waits for.
    void connection_closed(uint64_t connection);
    /// True once as much is staged as one transaction is to write: commit() before more is.
    bool staged_enough() const;
    /// True once a turn has created, changed and deleted as many topics as others may wait for: what is left is for the next turn.
    bool changed_enough_topics() const;
    /// Why there cannot be so many partitions more, by pg_kafka.max_partitions; nothing if there can.
    std::optional<std::string> no_room_for(int64_t partitions);
    /// Counts what a turn has changed besides topics.
    void count_changes(size_t changes) { changed_topics_ += changes; }
    /// What a turn has done so far counts anew from here.
    void begin_turn();
    /// The call is to be handled again in the next turn, because this one has done enough. What has been done of it so
    /// far is in its progress().
    void postpone(Call call);
    /// True if an earlier call of the connection has been postponed, which this one must not overtake.
    bool must_wait(const Call& call) const { return postponed_connections_.contains(call.connection()); }
    /// The postponed calls, in their order.
    std::vector<Call> take_postponed();

    int64_t now_ms() const; ///< wall clock, milliseconds since 1970
    log::ConfigDefaults config_defaults() const;
    /// What this client is to connect to: the advertised address, by default the one it came in by.
    net::Address advertised_address(const Call& call) const;

    /// Reads the segments and ends of topics at their first touch, as many as one turn may: false if not all of them are
    /// open yet, and then the call that needs them is to be postponed. Commits what is staged first if any of
    /// them needs it.
    [[nodiscard]] bool open(const std::vector<log::Topic*>& topics, pg::Locks locks = pg::Locks::waited_for);
    /// Makes the catalog in memory equal to the tables. Commits what is staged first.
    void reload_catalog();
    /// Adds a topic that has been stored.
    log::Topic& add_topic(const store::TopicRow& row);
    /// Stores a new topic under a new id, in a transaction of its own, and adds it; null if one of that name
    /// is there.
    log::Topic* create_topic(store::TopicRow row);
    /// Adds empty partitions, so that the topic has as many as `count`, which is more than now. Throws pg::Error, and then nothing
    /// has changed. Commits what is staged first.
    void add_partitions(log::Topic& topic, int32_t count);
    /// Sets configs of a topic, and takes away those without a value. False if the topic is gone. Throws pg::Error, and then nothing
    /// has changed.
    bool set_configs(log::Topic& topic, const log::ConfigValues& values);
    /// The same of a group, which need not exist; `config` is what they come to.
    void set_configs(const std::string& group_id, const log::ConfigValues& values,
                     const group::GroupConfig& config);
    /// Removes a topic from the tables and from memory. False if there was none. Commits what is staged
    /// first. Creating and deleting do not wait for a user's transaction that has the name in hand: they
    /// throw pg::Error.
    bool delete_topic(log::Topic& topic);
    /// Moves the start of partitions of an open topic: what is before is gone for clients; the janitor drops segments of which all
    /// is. Never back, and never past the high watermark. Throws pg::Error, and then nothing has changed.
    void move_log_start(log::Topic& topic, const std::vector<int64_t>& log_start_offsets);
    /// Applies changed settings to what is derived from them.
    void apply(pg::Settings changed);
    /// After an error from the database: what memory knows of tables may be wrong, so it is read again when
    /// needed.
    void distrust_tables();
    /// Somebody else has changed the log, or what is stored of its producers: all of it is read again.
    void log_changed();
    /// The same where only these topics were touched.
    void distrust(const std::unordered_set<log::Topic*>& topics);
    /// If the janitor has compacted a topic since the last call: what its segments hold is read again.
    void notice_compactions();
    /// One line in the log: what could not be done. None for a lock, which is no fault and may come often, nor while the server is
    /// shut down, which cancels statements.
    void log_failure(const std::string& what, const pg::Error& error) const;
    /// How the net thread is to treat batches; changes with settings and topics.
    BatchPolicy batch_policy() const;
    bool batch_policy_changed = true; ///< since the loop last handed it over

    /// The response goes out at the end of this step of the turn.
    void answer(Call call, wire::Response response) {
        replies.push_back(std::move(call).reply(std::move(response)));
    }
    /// The response goes out once everything staged so far is durable; if that fails the request is refused.
    void answer_when_durable(Call call, wire::Response response, pg::Durability durability);
    /// The same where groups that the request names, or any if it names none, have changed in this turn.
    void answer_when_written(Call call, wire::Response response);
    /// The same for what was stored, and perhaps answered, before: where commits wait for standbys, the answer waits until they have it.
    void answer_once_more(Call call, wire::Response response);
    /// An answer of this turn is about what was committed before: its commit waits until standbys have that, if they are waited for.
    void confirm_earlier();
    /// The same where topics may have been created or deleted.
    void answer_when_stored(Call call, wire::Response response);
    /// The same for a request that expects no response (acks=0): if it fails, its connection is closed.
    void finish_when_durable(Call call);

    /// True if commit() has something to write that requests of this turn have staged.
    bool has_staged() const { return !staging.empty() || coordinator.has_rows() || transactions.has_rows(); }
    /// Writes what is staged, in one transaction; then it is visible and the answers that waited for it are
    /// in `replies`. A failure refuses those requests and leaves memory as it was.
    /// Says what became of what was staged: the error that its producers are told.
    wire::ErrorCode commit(pg::Durability at_least = pg::Durability::local,
                           pg::Locks locks = pg::Locks::waited_for);

    std::vector<net::Reply> replies; ///< to be sent by the loop

private:
    struct Waiter {
        Call call;
        std::optional<wire::Response> response; ///< none: the request expects none
    };
    void write_staged(pg::Locks locks);
    void count_commit(std::chrono::nanoseconds time);
    bool acknowledges() const;
    void publish_staged();
    void refuse_staged(const pg::Error& why);
    void read(const std::map<wire::Uuid, log::Topic*>& topics, pg::Locks locks);
    void open(log::Topic& topic, std::vector<store::SegmentRow> rows);
    void take_fewer_locks(const pg::Error& error);
    void store_producers(std::vector<log::Topic*> topics);
    void update_topic(log::Topic& topic, const store::TopicRow& row);
    void update_config(log::Topic& topic, log::ConfigOverrides overrides);
    void look_again_at_compacted(const std::vector<log::Topic*>& topics);
    bool forget_unreadable_segments(log::Topic& topic);
    void remove_from_memory(log::Topic& topic);

    std::vector<Call> postponed_;
    std::unordered_set<uint64_t> postponed_connections_;
    size_t opened_partitions_ = 0;              ///< in this turn
    uint64_t compactions_ = 0;                  ///< pg::compactions() that memory knows of
    std::optional<int64_t> partitions_present_; ///< in this turn, since the last that was added
    size_t changed_topics_ = 0;                 ///< in this turn: created, changed or deleted
    std::vector<Waiter> waiting_for_commit_;
    bool earlier_unflushed_ = false; ///< the next commit() makes earlier ones durable, too
    size_t most_locks_;              ///< that a transaction is to take; fewer after it ran out of them
    pg::Durability durability_ =
        pg::Durability::local; ///< the strictest that a request of this turn asks for
};

} // namespace kafka::api
