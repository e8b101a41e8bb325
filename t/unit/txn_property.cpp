// Random histories of transactional producers: several to a transactional id, late ones with old epochs, answers that are
// lost and asked for again, time-outs, restarts, turns of several requests that commit or fail, the end of the epochs. What
// readers and groups see is held against a model that knows nothing of epochs and markers: who came last, what was written in
// which order, and what was open. Live, followed and replayed state are the same after each step.
#include "txn_world.h"

#include <algorithm>
#include <random>
#include <set>

using namespace txn_test;

namespace {

using Values = std::set<std::string>;

/// A producer's process, which does one thing after the other but knows nothing of the others.
struct Client {
    Producer self;
    int instance = 0;      ///< never the same twice; 0: it has not begun yet
    bool v2 = true;        ///< KIP-890
    bool in_doubt = false; ///< after an error it must go on anew, or abort
    std::set<PartitionId> added;
    std::set<std::string> groups;
    Values mine;              ///< of its transaction
    std::optional<bool> lost; ///< the answer to its EndTxn, commit or abort, was
};

/// What the last one of a transactional id has open.
struct Open {
    int owner = 0; ///< an instance
    bool ongoing = false;
    int64_t until_ms = 0;
    int32_t timeout_ms = 60'000;
    Values values;
    std::map<OffsetKey, std::pair<int64_t, int>> offsets; ///< offset and number of the request
};

/// What has happened, as the turns that have committed and the one under way say.
struct History {
    std::vector<Client> clients;
    std::map<std::string, Open> open;                        ///< by transactional id
    std::map<PartitionId, std::vector<std::string>> written; ///< in this order
    Values committed, aborted;
    std::map<OffsetKey, std::pair<int64_t, int>> offsets; ///< committed: offset and number of the request
};

class Play {
public:
    explicit Play(uint32_t seed) : random_(seed) {
        for (size_t i = 0; i < 7; i++) {
            Client client;
            client.self.id = std::string(1, char('a' + i % 3));
            client.v2 = i % 2 == 0 || seed % 3 == 0;
            is_.clients.push_back(client);
        }
    }

    void step() {
        if (world_.in_turn() ? pick(6) == 0 : pick(4) == 0) turn();
        if (world_.in_turn())
            pass(1); // of its rows only the last are followed: they tell transactions apart by their time
        Client* client = &any();
        for (int i = 0; i < 3 && !is_last(*client); i++) client = &any(); // late ones do less
        act(*client, pick(30));
        check();
    }

    /// How often something has happened that is worth looking at.
    struct Seen {
        int commits = 0, aborts = 0, late = 0, told_again = 0, time_outs = 0, renewed = 0, overtaken = 0;
        int failed = 0, lost_ends = 0, long_turns = 0;
    };
    const Seen& seen() const { return seen_; }

private:
    int pick(int below) { return int(random_() % uint32_t(below)); }

    Client& any() { return is_.clients[size_t(pick(int(is_.clients.size())))]; }

    /// Begins one of several requests, or ends it. Should it fail, nothing has happened, which is what clients are told: some
    /// ask again, others give up what they have begun.
    void turn() {
        if (!world_.in_turn()) {
            world_.begin_turn();
            was_ = is_;
            return;
        }
        const bool commits = pick(2);
        seen_.long_turns += commits;
        if (commits) return world_.turn_over(true);
        world_.turn_over(false);
        failed();
    }

    void failed() {
        seen_.failed++;
        seen_.lost_ends += is_.committed.size() > was_.committed.size();
        is_ = was_;
        for (Client& client : is_.clients)
            if (client.instance && pick(4) == 0) client.in_doubt = true;
        pass(0); // what was aborted for its time is so again
    }

    void act(Client& client, int what) {
        if (client.instance == 0 || what == 0) return start(client);
        if (client.lost && pick(2)) return end(client, *client.lost); // asks again
        if (client.lost) return;
        if (what < 2 || (client.in_doubt && pick(3) == 0)) return recover(client);
        if (what < 12) return produce(client);
        if (what < 16) return commit_offset(client);
        if (what < 22) return end(client, !client.in_doubt && pick(4) != 0);
        if (what < 24) return pass(pick(4) ? pick(5'000) : pick(70'000));
        if (what < 25) return restart();
        if (what < 27) return commit_plainly();
        if (what < 28 && pick(4) == 0) return delete_group();
        if (what < 29 && pick(4) == 0 && !world_.in_turn()) return make_topic_anew();
        if (what == 29) abort_partition(client);
    }

    /// In the middle of a turn it is a crash.
    void restart() {
        const bool crash = world_.in_turn();
        world_.restart();
        if (crash) failed();
    }

    Open& open_of(const Client& client) { return is_.open[client.self.id]; }
    bool is_last(const Client& client) { return open_of(client).owner == client.instance; }
    std::string topic() { return pick(2) ? "orders" : "events"; }

    void begin(const Client& client) {
        Open& open = open_of(client);
        if (!open.ongoing) open.until_ms = world_.now.ms + open.timeout_ms;
        open.ongoing = true;
    }

    void abort(Open& open) {
        is_.aborted.insert(open.values.begin(), open.values.end());
        open.ongoing = false;
        open.values.clear();
        open.offsets.clear();
    }

    void commit(Open& open) {
        is_.committed.insert(open.values.begin(), open.values.end());
        for (const auto& [key, offset] : open.offsets)
            if (offset.second > is_.offsets[key].second)
                is_.offsets[key] = offset;
            else
                seen_.overtaken++;
        open.ongoing = false;
        open.values.clear();
        open.offsets.clear();
        seen_.commits++;
    }

    static void forget_transaction(Client& client) {
        client.added.clear();
        client.groups.clear();
        client.mine.clear();
        client.lost.reset();
        client.in_doubt = false;
    }

    void start(Client& client) {
        Open& open = open_of(client);
        const int32_t timeout_ms = 1'000 + pick(60'000);
        client.self = world_.init(client.self.id, timeout_ms);
        const bool much_used = pick(3) == 0 && client.self.epoch < 32'750 && !world_.in_turn();
        if (much_used) world_.set_epoch(client.self, int16_t(32'760 + pick(7)));
        client.instance = ++last_instance_;
        abort(open);
        open.owner = client.instance;
        open.timeout_ms = timeout_ms;
        forget_transaction(client);
    }

    void recover(Client& client) {
        Producer next = client.self;
        const ErrorCode error = world_.recover(next);
        CHECK_EQ(error == ErrorCode::none, is_last(client));
        if (error != ErrorCode::none) {
            seen_.late++;
            client.in_doubt = true;
            return;
        }
        abort(open_of(client));
        open_of(client).timeout_ms = 60'000;
        if (pick(4) == 0) return; // did not hear of it, and asks again when it comes to it
        client.self = next;
        forget_transaction(client);
    }

    void produce(Client& client) {
        const std::string topic = this->topic();
        const int32_t index = pick(2);
        const PartitionId id = world_.partition(topic, index);
        if (!client.v2 && !client.added.contains(id) && pick(10)) {
            const ErrorCode error = world_.add(client.self, topic, index);
            if (error == ErrorCode::none) begin(client);
            if (error == ErrorCode::none) client.added.insert(id);
            CHECK(error != ErrorCode::none || is_last(client));
        }
        const std::string value = "v" + std::to_string(++last_value_);
        const ErrorCode error = world_.produce(client.self, topic, index, value, client.v2 ? 12 : 11);
        if (error != ErrorCode::none) {
            seen_.late += !is_last(client);
            client.in_doubt = true;
            return;
        }
        CHECK(is_last(client));
        begin(client);
        open_of(client).values.insert(value);
        client.mine.insert(value);
        is_.written[id].push_back(value);
    }

    void commit_offset(Client& client) {
        const std::string group = pick(2) ? "g" : "h";
        if (!client.v2 && !client.groups.contains(group) && pick(10)) {
            const ErrorCode error = world_.add_offsets(client.self, group);
            CHECK(error != ErrorCode::none || is_last(client));
            if (error == ErrorCode::none) begin(client);
            if (error == ErrorCode::none) client.groups.insert(group);
        }
        const int32_t index = pick(2);
        const int64_t offset = ++last_value_;
        const ErrorCode error = world_.commit(client.self, "orders", index, offset, client.v2 ? 5 : 4, group);
        if (error != ErrorCode::none) {
            client.in_doubt = true;
            return;
        }
        CHECK(is_last(client));
        begin(client);
        open_of(client).offsets[world_.key("orders", index, group)] = {offset, ++last_number_};
    }

    /// What a producer is told of its transaction is true, also if it is told late.
    void end(Client& client, bool commit) {
        Open& open = open_of(client);
        Producer next = client.self;
        const ErrorCode error =
            client.v2 ? world_.end(next, commit) : world_.end(client.self, commit, 4).error_code;
        if (error != ErrorCode::none) {
            seen_.late += !is_last(client);
            client.in_doubt = true;
            client.lost.reset();
            return;
        }
        CHECK(is_last(client));
        seen_.told_again += client.lost && !open.ongoing;
        seen_.aborts += open.ongoing && !commit;
        if (open.ongoing && commit) this->commit(open);
        if (open.ongoing) abort(open);
        for (const std::string& value : client.mine) CHECK_EQ(is_.committed.contains(value), commit);
        client.lost.reset();
        if (pick(4) == 0) {
            client.lost = commit;
            return;
        }
        seen_.renewed += client.self.producer_id != next.producer_id;
        client.self = next;
        forget_transaction(client);
    }

    void pass(int64_t ms) {
        world_.pass(ms);
        for (auto& [id, open] : is_.open)
            if (open.ongoing && open.until_ms <= world_.now.ms) {
                seen_.time_outs++;
                abort(open);
            }
    }

    void commit_plainly() {
        const std::string group = pick(2) ? "g" : "h";
        const int32_t index = pick(2);
        world_.commit_plainly("orders", index, ++last_value_, group);
        is_.offsets[world_.key("orders", index, group)] = {last_value_, ++last_number_};
    }

    void delete_group() {
        world_.turn([&](Turn& turn) { world_.transactions.group_deleted(turn, "g"); });
        std::erase_if(world_.offsets, [](const auto& entry) { return entry.first.group_id == "g"; });
        const auto is_of_group = [](const auto& entry) { return entry.first.group_id == "g"; };
        std::erase_if(is_.offsets, is_of_group);
        for (auto& [id, open] : is_.open) std::erase_if(open.offsets, is_of_group);
    }

    void make_topic_anew() {
        world_.delete_topic("events");
        wire::Uuid id{};
        id[14] = 1;
        id[15] = uint8_t(++last_topic_);
        world_.topics["events"] = {id, "events", 4};
    }

    /// An operator aborts what is open in one partition.
    void abort_partition(const Client& client) {
        Open& open = open_of(client);
        const std::string topic = this->topic();
        const PartitionId id = world_.partition(topic, 0);
        const TransactionRow& row = world_.row(client.self.id);
        world_.write_markers({{{row.producer_id, row.epoch, false, {{topic, {0}}}, 0, 0}}}, 1);
        for (const Entry& entry : world_.logs[id]) {
            if (!open.values.erase(entry.value)) continue;
            is_.aborted.insert(entry.value);
            for (Client& each : is_.clients) each.mine.erase(entry.value);
        }
    }

    void check() {
        world_.check_stored();
        for (const char* topic : {"orders", "events"})
            for (const int32_t index : {0, 1}) check_partition(topic, index);
        for (const auto& [key, offset] : world_.offsets) CHECK_EQ(offset, is_.offsets[key].first);
        for (const auto& [key, offset] : is_.offsets) {
            const auto at = world_.offsets.find(key);
            CHECK_EQ(at == world_.offsets.end() ? 0 : at->second, offset.first);
        }
        for (const char* group : {"g", "h"})
            for (const int32_t index : {0, 1}) check_pending(world_.key("orders", index, group));
        for (const auto& [id, open] : is_.open)
            CHECK_EQ(world_.row(id).state == State::ongoing, open.ongoing);
    }

    /// Readers see what was written, once and in order: all of it, or what was committed below the first that is open. What the
    /// turn under way does is seen by nobody.
    void check_partition(const std::string& topic, int32_t index) {
        const History& seen = world_.in_turn() ? was_ : is_;
        Values open;
        for (const auto& [id, of_id] : seen.open) open.insert(of_id.values.begin(), of_id.values.end());
        std::vector<std::string> all, expected;
        const auto written = seen.written.find(world_.partition(topic, index));
        if (written != seen.written.end()) all = written->second;
        bool stable = true;
        for (const std::string& value : all) {
            const bool committed = seen.committed.contains(value);
            CHECK_EQ(committed + seen.aborted.contains(value) + open.contains(value), 1);
            if (open.contains(value)) stable = false;
            if (stable && committed) expected.push_back(value);
        }
        CHECK(world_.read(topic, index) == expected);
        CHECK(world_.read_all(topic, index) == all);
    }

    void check_pending(const OffsetKey& key) {
        bool pending = false;
        const auto committed = is_.offsets.find(key);
        for (const auto& [id, open] : is_.open) {
            const auto at = open.offsets.find(key);
            if (at == open.offsets.end()) continue;
            pending |= committed == is_.offsets.end() || at->second.second > committed->second.second;
        }
        CHECK_EQ(world_.transactions.has_pending_offset(key), pending);
    }

    std::mt19937 random_;
    World world_;
    History is_, was_; ///< the second one when the turn under way began
    int last_instance_ = 0, last_number_ = 0, last_topic_ = 0;
    Seen seen_;
    int64_t last_value_ = 0;
};

} // namespace

TEST("txn: whatever producers do, readers see whole transactions, and the tables say the same") {
    Play::Seen all;
    for (uint32_t seed = 1; seed <= 30; seed++) {
        Play play(seed);
        for (int i = 0; i < 1'500; i++) play.step();
        const Play::Seen& seen = play.seen();
        all.commits += seen.commits;
        all.aborts += seen.aborts;
        all.late += seen.late;
        all.told_again += seen.told_again;
        all.time_outs += seen.time_outs;
        all.renewed += seen.renewed;
        all.overtaken += seen.overtaken;
        all.failed += seen.failed;
        all.lost_ends += seen.lost_ends;
        all.long_turns += seen.long_turns;
    }
    // Else nothing was tried.
    CHECK(all.commits > 1'000 && all.aborts > 500 && all.late > 1'000 && all.told_again > 500);
    CHECK(all.time_outs > 100 && all.renewed > 50 && all.overtaken > 50);
    CHECK(all.failed > 1'000 && all.lost_ends > 500 && all.long_turns > 1'000);
}
