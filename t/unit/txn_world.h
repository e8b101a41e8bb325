// Transactions over a fake clock, with tables that take their rows, partitions that take batches and markers, groups that
// take offsets, and readers of both.
#pragma once
#include "test.h"
#include "txn/transactions.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace txn_test {

using namespace kafka;
using namespace kafka::txn;
namespace wire = kafka::wire;
using wire::ErrorCode;

inline std::ostream& operator<<(std::ostream& out, ErrorCode code) { return out << wire::name(code); }

/// A transactional producer as it sees itself.
struct Producer {
    std::string id = "t";
    int64_t producer_id = -1;
    int16_t epoch = -1;
    bool operator==(const Producer&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, const Producer& p) {
    return out << p.id << " " << p.producer_id << "/" << p.epoch;
}

/// What a partition has at one offset.
struct Entry {
    int64_t producer_id = -1;
    int16_t epoch = -1;
    bool marker = false, commit = false;
    std::string value;
};
/// "commit 7/3" or "abort 7/3", or the value.
std::string shown(const Entry& entry);

/// The rows that turns have written, as tables would hold them.
struct Tables {
    std::map<std::string, TransactionRow> transactions;
    std::map<PendingKey, PendingOffsetRow> offsets;
    bool operator==(const Tables&) const = default;
};
/// The same, as transactions say it.
Tables tables_of(const Transactions& transactions);

/// What a partition's aborted transactions wrote, as readers are told.
struct Aborted {
    int64_t producer_id, first_offset, marker;
};

class World {
public:
    World();

    /// Time passes; all that becomes due on the way is done at its time.
    void pass(int64_t ms);
    /// Until turn_over() all requests are of one turn: one database transaction, before whose commit readers see nothing of them.
    void begin_turn();
    /// It commits, or it fails: then nothing has been written, and what it touched is read again.
    void turn_over(bool committed);
    bool in_turn() const { return under_way_.has_value(); }
    /// The server is started anew: what is in the tables is all that is left.
    void restart();
    /// The transactional id has had many epochs.
    void set_epoch(Producer& producer, int16_t epoch);

    wire::init_producer_id::Response init(const wire::init_producer_id::Request& request, int16_t version);
    /// A new producer.
    Producer init(const std::string& id = "t", int32_t timeout_ms = 60'000);
    /// Goes on after an error (KIP-360).
    ErrorCode recover(Producer& producer, int16_t version = 5);

    ErrorCode add(const Producer& producer, const std::string& topic, int32_t partition, int16_t version = 3);
    wire::add_partitions_to_txn::Response add(const wire::add_partitions_to_txn::Request& request,
                                              int16_t version);
    /// By default with a version that adds the partition.
    ErrorCode produce(const Producer& producer, const std::string& topic, int32_t partition,
                      const std::string& value, int16_t version = 12);
    ErrorCode add_offsets(const Producer& producer, const std::string& group = "g", int16_t version = 4);
    /// The code of one partition.
    ErrorCode commit(const Producer& producer, const std::string& topic, int32_t partition, int64_t offset,
                     int16_t version = 5, const std::string& group = "g");
    wire::txn_offset_commit::Response commit(const wire::txn_offset_commit::Request& request,
                                             int16_t version);
    wire::end_txn::Response end(const Producer& producer, bool commit, int16_t version);
    /// As a client of KIP-890, which goes on with what it is told.
    ErrorCode end(Producer& producer, bool commit);
    wire::write_txn_markers::Response write_markers(const wire::write_txn_markers::Request& request,
                                                    int16_t version = 2);
    /// Without a transaction.
    void commit_plainly(const std::string& topic, int32_t partition, int64_t offset,
                        const std::string& group = "g");
    void delete_topic(const std::string& topic);

    PartitionId partition(const std::string& topic, int32_t index) const;
    OffsetKey key(const std::string& topic, int32_t index, const std::string& group = "g") const {
        return {group, partition(topic, index)};
    }
    /// All that is in a partition, control batches as well.
    std::vector<std::string> log(const std::string& topic, int32_t index = 0) const;
    /// What read_committed readers get.
    std::vector<std::string> read(const std::string& topic, int32_t index = 0) const;
    /// What read_uncommitted readers get.
    std::vector<std::string> read_all(const std::string& topic, int32_t index = 0) const;
    int64_t last_stable_offset(const PartitionId& id) const;
    /// -1: none.
    int64_t committed(const std::string& topic, int32_t index, const std::string& group = "g") const;
    const TransactionRow& row(const std::string& id = "t") const;
    /// Tables, a container that follows their rows, and one that reads them anew say the same as the container, and the last
    /// stable offset is what the logs say. Within a turn: that readers see what they saw before it.
    void check_stored();

    Transactions transactions;
    Settings settings;
    std::map<std::string, group::TopicInfo> topics;
    std::map<PartitionId, std::vector<Entry>> logs; ///< with what the turn has staged
    std::map<PartitionId, std::vector<Aborted>> aborted;
    std::map<OffsetKey, int64_t> offsets; ///< that groups have committed
    Tables tables;
    Now now;
    ErrorCode group_says = ErrorCode::none;
    int64_t last_producer_id = 100;
    std::vector<End> ends; ///< all of them

    /// Runs something in a turn and takes over what comes of it.
    Effects turn(const std::function<void(Turn&)>& body);
    group::TopicLookup lookup() const;
    /// A whole request.
    template <class R> R ask(int16_t version, const std::function<void(Turn&, const Caller&)>& body) {
        const Caller caller{++last_ticket_, {"client", "/127.0.0.1"}, version};
        const Effects effects = turn([&](Turn& turn) { body(turn, caller); });
        CHECK_EQ(effects.replies.size(), size_t(1));
        if (effects.replies.size() != 1) return {};
        CHECK_EQ(effects.replies[0].ticket, caller.ticket);
        CHECK(std::holds_alternative<R>(effects.replies[0].response));
        return std::get<R>(effects.replies[0].response);
    }

private:
    void take(const End& end);
    void write(const Effects& effects);
    void read_again(const Effects& touched);
    void check_same(const Transactions& other) const;
    void check_readers() const;
    /// What consumers can read, and how far those of committed records.
    const std::vector<Entry>& durable_log(const PartitionId& id) const;

    /// A turn, and how things were when it began.
    struct UnderWay {
        Effects effects;
        decltype(World::logs) logs;
        decltype(World::aborted) aborted;
        decltype(World::offsets) offsets;
        size_t ends;
        std::map<PartitionId, int64_t> stable;
    };
    std::optional<UnderWay> under_way_;

    Transactions follower_;
    Ticket last_ticket_ = 0;
};

} // namespace txn_test
