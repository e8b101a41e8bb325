// What a compacted topic is held against: what was written and how each transaction has ended, and readers as clients are.
#pragma once
#include "log_compaction_world.h"

#include <optional>
#include <set>

namespace compaction_test {

constexpr int64_t not_yet = -1;
using Value = std::optional<std::string>; ///< nothing: a tombstone

enum class Fate { open, committed, aborted };

/// What one producer wrote to one partition in one transaction.
struct Transaction {
    int64_t producer_id;
    Fate fate = Fate::open;
    int64_t marker = not_yet;  ///< its offset
    int64_t gone_ms = not_yet; ///< the round that found nothing left of it
    bool left_before = true;   ///< something of it was there when the round began
};

struct Written {
    std::optional<std::string> key;
    Value value;
    int64_t timestamp;
    int32_t sequence;
    int transaction = -1;
    int64_t seen_ms = not_yet; ///< the round that has gone over it first, in its last pass

    bool is_tombstone() const { return key && !value; }
};

/// What was ever written to a partition.
struct History {
    std::map<int64_t, Written> records; ///< by offset, without markers
    std::vector<Transaction> transactions;
    std::map<int64_t, int> markers; ///< numbers of transactions by the offset of the marker,
    std::map<int64_t, int> batches; ///< or of a batch,
    std::map<int64_t, int> open;    ///< or by producer

    bool committed(const Written& w) const {
        return w.transaction < 0 || transactions[size_t(w.transaction)].fate == Fate::committed;
    }
    /// The newest committed record of each key, of those below `end`.
    std::map<std::string, int64_t> newest(int64_t end) const;
};

/// Somebody who reads committed records, portion by portion, and keeps a table of them.
struct Reader {
    int32_t partition;
    int64_t begun_at, position;
    int64_t up_to_date_ms; ///< when it had last read all there was, or has begun
    std::map<std::string, std::pair<int64_t, Value>> table = {};
    std::set<int64_t> without_keys = {}; ///< offsets

    /// One Fetch of that many batches, as clients take it: told of aborted transactions they leave out what those producers wrote
    /// until a marker comes. True: there was nothing more.
    bool fetch(const History& history, const std::vector<Segment>& segments,
               const std::vector<Aborted>& aborted, int64_t last_stable_offset, size_t most);

private:
    void take(const History& history, const std::string& batch);
};

} // namespace compaction_test
