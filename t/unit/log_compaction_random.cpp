// Random histories of a compacted topic: plain, idempotent and transactional producers, transactions that stay open for long, segments
// closed between rounds, keys that go over in shares, janitors that are killed between two segments, a clock that moves on. After
// each segment that the janitor has gone over the log is held against a model that knows what was written and how each transaction
// ended: what must be there, what may be gone and since when, and what readers of committed records get to see.
#include "log_compaction_history.h"

#include "record/marker.h"
#include "record/records.h"
#include "test.h"

#include <algorithm>
#include <random>
#include <set>

using namespace kafka;
using namespace compaction_test;

namespace {

class Play {
public:
    explicit Play(uint32_t seed) : random_(seed) {
        for (int32_t p = 0; p < partitions; p++) readers_.push_back({p, 0, 0, world_.now_ms});
        readers_.push_back(readers_[0]);
        const char* const retentions[] = {"0", "50", "4000", "9223372036854775807"};
        log::ConfigOverrides overrides{{"cleanup.policy", "compact"},
                                       {"delete.retention.ms", retentions[pick(4)]},
                                       {"min.cleanable.dirty.ratio", pick(2) ? "0.01" : "0.5"}};
        if (pick(3) == 0) overrides["min.compaction.lag.ms"] = "300";
        if (pick(3) == 0) overrides["max.compaction.lag.ms"] = "2000";
        round_.config = log::resolve(overrides, {});
        append_time_ = pick(4) == 0;
        keys_ = 2 + pick(14);
    }

    void step() {
        const int what = pick(100);
        if (what < 50) return write();
        if (what < 66) return end_transaction();
        if (what < 74) return world_.roll();
        if (what < 82) return pass();
        if (what < 85) return world_.store_producers();
        if (what < 86) return drop_first_segment();
        if (what < 92) return read_on();
        compact();
    }

    /// What is left comes to rest: of all that is superseded nothing stays, however often it is gone over.
    void come_to_rest() {
        for (Producer& producer : world_.producers()) end(producer, pick(2));
        world_.roll();
        world_.store_producers();
        round_.memory = much;
        round_.at_any_rate = true;
        round_.config.min_compaction_lag_ms = 0;
        for (int i = 0; i < 2; i++) {
            run(false); // takes out records, then tells what is to go with them
            run(false);
            CHECK_EQ(run(false).rewritten, size_t(0));
            if (retention_ms() > 1'000'000) return;
            world_.now_ms += retention_ms() + 1;
        }
        run(false);
        CHECK_EQ(run(false).rewritten, size_t(0));
    }

    /// How often something has happened that is worth looking at.
    struct Seen {
        size_t rounds = 0, shares = 0, kills = 0, aborted = 0, markers_gone = 0, tombstones_gone = 0;
        size_t held_back = 0, empty_headers = 0, slow_readers = 0;
    };
    const Seen& seen() const { return seen_; }

private:
    int pick(int below) { return int(random_() % uint32_t(below)); }
    int64_t retention_ms() const { return std::min(round_.config.delete_retention_ms, INT64_MAX / 4); }
    bool is_over(int64_t since_ms, int64_t now_ms) const {
        return since_ms != not_yet && since_ms + retention_ms() < now_ms;
    }
    History& of(int32_t p) { return histories_[size_t(p)]; }

    // What clients do ---------------------------------------------------------------------------------------

    void write() {
        const int32_t p = pick(partitions);
        Producer* producer =
            pick(5) ? &world_.producers()[size_t(pick(int(world_.producers().size())))] : nullptr;
        record::BatchOptions options;
        if (pick(8) == 0) options.codec = record::Codec::lz4;
        if (append_time_) options.log_append_time = world_.now_ms;
        History& history = of(p);
        const int transaction = transaction_of(p, producer);
        const int32_t first_sequence = producer ? producer->next_sequences[size_t(p)] : -1;
        int64_t offset = world_.end(p);
        if (transaction >= 0) history.batches[offset] = transaction;
        world_.append(p, producer, options, [&](record::BatchBuilder& builder) {
            for (int i = pick(4); i >= 0; i--, offset++) {
                Written w{random_key(), std::nullopt, world_.now_ms - pick(50), first_sequence, transaction};
                if (producer) w.sequence += builder.count();
                if (pick(4)) w.value = "v" + std::to_string(offset);
                builder.add(w.timestamp, w.key, w.value);
                if (append_time_) w.timestamp = world_.now_ms;
                history.records[offset] = w;
            }
        });
    }

    std::optional<std::string> random_key() {
        if (pick(12) == 0) return std::nullopt;
        return "k" + std::to_string(pick(keys_));
    }

    int transaction_of(int32_t p, const Producer* producer) {
        if (!producer || !producer->transactional) return -1;
        History& history = of(p);
        const auto [entry, begins] = history.open.try_emplace(producer->id, int(history.transactions.size()));
        if (begins) history.transactions.push_back({producer->id});
        return entry->second;
    }

    void end_transaction() {
        end(world_.producers()[size_t(pick(int(world_.producers().size())))], pick(5) < 3);
    }

    void end(Producer& producer, bool committed) {
        if (!producer.transactional) return;
        const std::vector<int64_t> markers = world_.end_transaction(producer, committed, producer.id % 2);
        for (int32_t p = 0; p < partitions; p++) {
            if (markers[size_t(p)] < 0) continue;
            const int number = of(p).open.at(producer.id);
            Transaction& t = of(p).transactions[size_t(number)];
            t.fate = committed ? Fate::committed : Fate::aborted;
            t.marker = markers[size_t(p)];
            of(p).markers[t.marker] = number;
            of(p).open.erase(producer.id);
            seen_.aborted += !committed;
        }
    }

    void pass() { world_.now_ms += pick(3) ? pick(200) : pick(5'000); }

    /// As retention does with cleanup.policy=compact,delete, but not to what is open.
    void drop_first_segment() {
        if (world_.stored.segments.size() < 2) return;
        for (int32_t p = 0; p < partitions; p++)
            if (world_.last_stable_offset(p) < world_.stored.segments[1].start_offsets[size_t(p)]) return;
        world_.drop_first_segment();
        check();
    }

    // What readers see --------------------------------------------------------------------------------------

    /// A broker may have the batches from a table and the aborted transactions from its memory, or the other way.
    /// True: there was nothing more.
    bool fetch(Reader& reader) {
        const Log& batches = pick(3) ? world_.stored : world_.told;
        const Log& aborted = pick(2) ? world_.stored : world_.told;
        const int32_t p = reader.partition;
        return reader.fetch(of(p), batches.segments, aborted.aborted[size_t(p)], world_.last_stable_offset(p),
                            size_t(1 + pick(8)));
    }

    void read_on() {
        for (Reader& reader : readers_) {
            if (pick(&reader == &readers_.back() ? 20 : 2)) continue;
            for (int i = pick(4); i > 0; i--)
                if (fetch(reader)) {
                    check_table(reader);
                    break;
                }
            if (pick(40) == 0) reader = {reader.partition, 0, 0, world_.now_ms};
        }
    }

    void read_from_anywhere() {
        for (int32_t p = 0; p < partitions; p++) {
            const int64_t start = world_.log_starts[size_t(p)];
            const int64_t from = pick(3) ? start + pick(int(world_.end(p) - start) + 1) : start;
            Reader reader{p, from, from, world_.now_ms};
            while (!fetch(reader)) continue;
            check_table(reader);
        }
    }

    /// The reader has read all there is.
    void check_table(Reader& reader) {
        const int32_t p = reader.partition;
        const History& history = of(p);
        const int64_t from = std::max(reader.begun_at, world_.log_starts[size_t(p)]),
                      stable = world_.last_stable_offset(p);
        for (const auto& [key, offset] : history.newest(stable)) {
            if (offset < from) continue;
            const Written& w = history.records.at(offset);
            const auto entry = reader.table.find(key);
            const bool knows = entry != reader.table.end();
            if (knows && entry->second.first == offset) {
                CHECK(entry->second.second == w.value);
            } else { // then that was a tombstone, and has been there for long enough
                CHECK(may_be_gone(w));
                const bool slow = reader.up_to_date_ms + retention_ms() < world_.now_ms;
                if (knows) CHECK(slow);
                seen_.slow_readers += knows;
                if (knows) reader.table.erase(entry);
            }
        }
        for (const auto& [offset, w] : history.records)
            if (!w.key && history.committed(w) && offset >= from && offset < stable)
                CHECK(reader.without_keys.contains(offset));
        reader.up_to_date_ms = world_.now_ms;
    }

    bool may_be_gone(const Written& w) const {
        return w.is_tombstone() && is_over(w.seen_ms, last_round_ms_);
    }

    // What the janitor does ---------------------------------------------------------------------------------

    void compact() {
        constexpr size_t memories[] = {much, 600, 250, 250};
        round_.memory = memories[pick(4)];
        if (run(pick(3) == 0).killed && pick(2)) world_.now_ms += pick(5'000); // until there is another
    }

    World::Outcome run(bool killed) {
        std::vector<std::vector<Batch>> beyond;
        size_t steps_left = size_t(killed ? 1 + pick(6) : INT32_MAX), covered = 0;
        round_.begins = [&](size_t segments) {
            covered = segments;
            last_round_ms_ = world_.now_ms;
            begin_round(segments);
            for (size_t s = segments; s < world_.stored.segments.size(); s++)
                for (const auto& batches : world_.stored.segments[s].batches) beyond.push_back(batches);
        };
        round_.done = [&](size_t segment, log::Pass pass) {
            gone_over(segment, pass);
            if (pick(4) == 0) check();
            if (pick(4) == 0) read_on();
            if (pick(4) == 0) read_from_anywhere();
            if (--steps_left == 0) throw World::Killed();
        };
        const World::Outcome outcome = world_.compact(round_);
        seen_.rounds += outcome.segments > 0;
        seen_.shares += outcome.passes > 1;
        seen_.kills += outcome.killed;
        seen_.held_back += outcome.segments == 0;
        std::vector<std::vector<Batch>> still;
        for (size_t s = covered; s < world_.stored.segments.size(); s++)
            for (const auto& batches : world_.stored.segments[s].batches) still.push_back(batches);
        if (covered > 0) CHECK(still == beyond);
        if (covered > 0 && !outcome.killed) check_nothing_superseded(covered);
        check();
        if (covered > 0) read_from_anywhere();
        return outcome;
    }

    int64_t start_of(size_t segment, int32_t p) const {
        return world_.stored.segments[segment].start_offsets[size_t(p)];
    }

    void begin_round(size_t segments) {
        for (int32_t p = 0; p < partitions; p++) {
            History& history = of(p);
            const int64_t end = start_of(segments, p);
            CHECK(end <= world_.last_stable_offset(p));
            for (size_t i = 0; i < segments; i++)
                CHECK(world_.stored.segments[i].max_timestamp() <=
                      world_.now_ms - round_.config.min_compaction_lag_ms);
            for (Transaction& t : history.transactions) t.left_before = false;
            for (const Segment& segment : world_.stored.segments)
                for (const Batch& batch : segment.batches[size_t(p)])
                    if (const auto at = history.batches.find(record::read_header(*batch)->base_offset);
                        at != history.batches.end())
                        history.transactions[size_t(at->second)].left_before = true;
        }
    }

    /// The janitor has stored what is left of the segment.
    void gone_over(size_t segment, log::Pass pass) {
        for (int32_t p = 0; p < partitions; p++) {
            const int64_t start = start_of(segment, p), end = start_of(segment + 1, p);
            for (auto& [offset, w] : of(p).records)
                if (pass.last && offset >= start && offset < end && w.seen_ms == not_yet)
                    w.seen_ms = world_.now_ms;
            if (!pass.first) continue;
            for (Transaction& t : of(p).transactions)
                if (t.marker >= start && t.marker < end && t.marker < world_.producers_stored_to(p) &&
                    !t.left_before && t.gone_ms == not_yet)
                    t.gone_ms = world_.now_ms;
        }
    }

    // What is there -----------------------------------------------------------------------------------------

    /// What is left of a partition.
    struct Left {
        std::set<int64_t> records, markers, empty;
        std::set<int64_t> timed;    ///< tombstones of which it is decided when they may go
        std::set<int> transactions; ///< of which there are batches
        std::set<int> told_of;      ///< of which there are records
    };

    void check() {
        for (int32_t p = 0; p < partitions; p++) {
            const Left left = look(p);
            check_records(p, left);
            check_transactions(p, left);
            check_producers(p);
        }
    }

    /// Offsets, and what is at them, are as they were written.
    Left look(int32_t p) {
        Left left;
        int64_t last = world_.log_starts[size_t(p)] - 1;
        for (size_t s = 0; s < world_.stored.segments.size(); s++) {
            last = std::max(last, start_of(s, p) - 1);
            for (const Batch& batch : world_.stored.segments[s].batches[size_t(p)]) {
                const auto header = record::read_header(*batch);
                CHECK(header->base_offset > last);
                CHECK_EQ(record::compute_crc(*batch), header->crc);
                last = header->last_offset();
                look_into(*batch, *header, of(p), left);
            }
            CHECK(last < (s + 1 < world_.stored.segments.size() ? start_of(s + 1, p) : world_.end(p)));
        }
        return left;
    }

    void look_into(const std::string& batch, const record::BatchHeader& header, const History& history,
                   Left& left) {
        if (header.is_control()) return look_at_marker(batch, header, history, left);
        const auto transaction = history.batches.find(header.base_offset);
        CHECK_EQ(header.is_transactional(), transaction != history.batches.end());
        if (header.is_transactional()) left.transactions.insert(transaction->second);
        if (header.is_transactional() && header.count > 0) left.told_of.insert(transaction->second);
        if (header.count == 0) left.empty.insert(header.last_offset());
        record::RecordReader reader(batch, much);
        record::Record r;
        int64_t newest = record::no_timestamp, horizon = not_yet;
        while (reader.next(r)) {
            const Written& w = history.records.at(r.offset);
            left.records.insert(r.offset);
            CHECK(r.key == w.key && r.value == w.value);
            CHECK_EQ(r.timestamp, w.timestamp);
            CHECK_EQ(r.sequence, w.sequence);
            newest = std::max(newest, r.timestamp);
            if (w.is_tombstone()) horizon = w.seen_ms;
            if (w.is_tombstone() && header.has_delete_horizon()) left.timed.insert(r.offset);
        }
        CHECK(reader.ok());
        if (header.count > 0) CHECK_EQ(header.max_timestamp, newest);
        if (horizon != not_yet) check_horizon(header, horizon);
    }

    void look_at_marker(const std::string& batch, const record::BatchHeader& header, const History& history,
                        Left& left) {
        const Transaction& t = history.transactions[size_t(history.markers.at(header.base_offset))];
        left.markers.insert(header.base_offset);
        const auto marker = record::read_marker(batch);
        CHECK(marker && marker->producer_id == t.producer_id &&
              marker->committed == (t.fate == Fate::committed));
        CHECK_EQ(header.has_delete_horizon(), t.gone_ms != not_yet);
        if (t.gone_ms != not_yet) check_horizon(header, t.gone_ms);
    }

    void check_horizon(const record::BatchHeader& header, int64_t since_ms) {
        CHECK(header.has_delete_horizon());
        const int64_t expected = since_ms + std::min(round_.config.delete_retention_ms, INT64_MAX / 2);
        CHECK_EQ(header.base_timestamp, expected);
    }

    void check_records(int32_t p, const Left& left) {
        const History& history = of(p);
        const int64_t start = world_.log_starts[size_t(p)];
        for (const auto& [key, offset] : history.newest(world_.last_stable_offset(p)))
            if (offset >= start && !may_be_gone(history.records.at(offset)))
                CHECK(left.records.contains(offset));
        for (const auto& [offset, w] : history.records)
            if (offset >= start && !history.committed(w) &&
                history.transactions[size_t(w.transaction)].fate == Fate::open)
                CHECK(left.records.contains(offset));
        std::set<std::string> keys; // whoever has read what a tombstone deletes has time to see that, too
        for (const int64_t offset : left.records) {
            const Written& w = history.records.at(offset);
            if (left.timed.contains(offset)) CHECK(!keys.contains(*w.key));
            if (w.key && history.committed(w)) keys.insert(*w.key);
        }
    }

    /// A marker stays while anything of its transaction is there and, once nothing is, for delete.retention.ms. Readers are told of an
    /// aborted transaction for as long as there is anything of it.
    void check_transactions(int32_t p, const Left& left) {
        const History& history = of(p);
        std::set<int64_t> rows, expected;
        for (const Aborted& a : world_.stored.aborted[size_t(p)]) rows.insert(a.last_offset);
        for (size_t i = 0; i < history.transactions.size(); i++) {
            const Transaction& t = history.transactions[i];
            if (t.fate == Fate::open || t.marker < world_.log_starts[size_t(p)]) continue;
            if (t.fate == Fate::aborted && t.gone_ms == not_yet) expected.insert(t.marker);
            if (left.told_of.contains(int(i)) && t.fate == Fate::aborted) CHECK(rows.contains(t.marker));
            if (left.transactions.contains(int(i)) || !is_over(t.gone_ms, last_round_ms_))
                CHECK(left.markers.contains(t.marker));
        }
        CHECK(rows == expected);
    }

    /// What a restart knows of producers is what was known before it, but for timestamps of records that are gone.
    void check_producers(int32_t p) {
        const log::Producers recovered = world_.recovered(p);
        size_t count = 0;
        recovered.each([&](int64_t, const log::Producer&) { count++; });
        world_.live(p).each([&](int64_t id, const log::Producer& live) {
            count--;
            const log::Producer* producer = recovered.find(id);
            CHECK(producer);
            if (!producer) return;
            CHECK_EQ(producer->epoch, live.epoch);
            CHECK_EQ(producer->coordinator_epoch, live.coordinator_epoch);
            CHECK(std::ranges::equal(producer->batches(), live.batches(), [](auto& a, auto& b) {
                return a.first_sequence == b.first_sequence && a.last_sequence == b.last_sequence &&
                       a.base_offset == b.base_offset;
            }));
        });
        CHECK_EQ(count, size_t(0));
    }

    /// After a whole round nothing is left of the first segments that need not be.
    void check_nothing_superseded(size_t segments) {
        for (int32_t p = 0; p < partitions; p++) {
            const Left left = look(p);
            const History& history = of(p);
            const int64_t end = start_of(segments, p), stored_to = world_.producers_stored_to(p);
            const std::map<std::string, int64_t> newest = history.newest(end);
            for (const int64_t offset : left.records) {
                if (offset >= end) break;
                const Written& w = history.records.at(offset);
                CHECK(history.committed(w));
                if (w.key) CHECK_EQ(newest.at(*w.key), offset);
                if (w.is_tombstone()) CHECK(!is_over(w.seen_ms, world_.now_ms));
            }
            for (const auto& [key, offset] : newest) seen_.tombstones_gone += !left.records.contains(offset);
            for (const int64_t offset : left.empty) CHECK(offset >= std::min(stored_to, end));
            seen_.empty_headers += left.empty.size();
            for (const Transaction& t : history.transactions) {
                if (t.fate == Fate::open || t.marker >= end || t.marker < world_.log_starts[size_t(p)])
                    continue;
                CHECK_EQ(left.markers.contains(t.marker), !is_over(t.gone_ms, world_.now_ms));
                seen_.markers_gone += !left.markers.contains(t.marker);
            }
        }
    }

    std::mt19937 random_;
    World world_;
    World::Round round_;
    std::vector<History> histories_ = std::vector<History>(partitions);
    std::vector<Reader> readers_;
    int64_t last_round_ms_ = 0;
    bool append_time_ = false;
    int keys_;
    Seen seen_;
};

} // namespace

TEST("compaction: whatever is written, and whenever the janitor is killed, readers of committed records miss "
     "nothing and see nothing else") {
    Play::Seen all;
    for (uint32_t seed = 1; seed <= 25; seed++) {
        Play play(seed);
        for (int i = 0; i < 250; i++) play.step();
        play.come_to_rest();
        const Play::Seen& seen = play.seen();
        all.rounds += seen.rounds;
        all.shares += seen.shares;
        all.kills += seen.kills;
        all.aborted += seen.aborted;
        all.markers_gone += seen.markers_gone;
        all.tombstones_gone += seen.tombstones_gone;
        all.held_back += seen.held_back;
        all.empty_headers += seen.empty_headers;
        all.slow_readers += seen.slow_readers;
    }
    // Else nothing was tried.
    CHECK(all.rounds > 150 && all.shares > 30 && all.kills > 20 && all.aborted > 200);
    CHECK(all.markers_gone > 500 && all.tombstones_gone > 200 && all.held_back > 100);
    CHECK(all.empty_headers > 30 && all.slow_readers > 0);
}
