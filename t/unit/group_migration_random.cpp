// One group under random members of both protocols: they join, leave, lag, die, come back with the other protocol, lose
// answers; the policy changes, topics grow, the broker restarts, transactions fail. At no moment two members believe that
// they own the same partition, live state equals stored and replayed state, and as soon as they are left in peace
// everything is owned and the group is of the kind of its members.
#include "group_migration.h"

#include <algorithm>
#include <random>

using namespace group_test;

namespace {

constexpr int32_t session_ms = 45'000, rebalance_ms = 3'600'000;
constexpr int64_t longest_pass_ms = 20'000; ///< that late it may hear an answer

/// A consumer that keeps to its protocol. With the classic one it is eager or cooperative, as its whole group is.
struct Client {
    bool classic = true;
    std::string id, instance;
    int32_t epoch = -1; ///< of the member, or the generation
    Assignment owned{}; ///< what it believes to own
    std::optional<Ticket> joining{}, syncing{};
    bool has_to_join = true;
    int32_t seen = 0; ///< so many partitions were there when it joined; its client looks at that
    int64_t last_answer_ms = 0;
};

class Play {
public:
    Play(unsigned seed, bool cooperative) : random_(seed), cooperative_(cooperative) {
        world_.settings.group_initial_rebalance_delay_ms = 0;
        for (int i = 0; i < 6; i++) clients_.push_back(fresh(i < 2 ? "i" + std::to_string(i) : ""));
    }

    void step() {
        if (below(100) == 0) classic_of_ten_ = 5 * below(3); // a fleet is moved to one protocol, or back
        Client& client = clients_[below(clients_.size())];
        const unsigned what = below(100);
        if (what < 64)
            act(client);
        else if (what < 72)
            pass(int64_t(below(3'000)));
        else if (what < 74)
            pass(int64_t(below(longest_pass_ms)));
        else if (what < 84)
            start_again(client);
        else if (what < 87)
            leave(client);
        else if (what < 88)
            rare();
        else if (client.joining || client.syncing)
            forget_answers(client); // it was lost
        world_.tick();
        for (Client& each : clients_) hear(each);
        check();
    }

    /// Everybody does what it should until nothing changes any more.
    void come_to_rest() {
        world_.settings.group_consumer_migration_policy = MigrationPolicy::bidirectional;
        world_.settings.group_consumer_assignors = {"uniform", "range"};
        resting_ = true;
        for (int round = 0; round < 120; round++) {
            for (Client& client : clients_) {
                act(client);
                world_.tick();
                check();
            }
            pass(1'000);
        }
        resting_ = false;
        check_everything_owned();
    }

    int upgrades() const { return upgrades_; }
    int downgrades() const { return downgrades_; }

private:
    unsigned below(size_t n) { return unsigned(random_() % n); }

    Client fresh(const std::string& instance) {
        Client client;
        client.instance = instance;
        client.classic = below(10) < classic_of_ten_;
        if (!client.classic) client.id = "c" + std::to_string(names_++);
        client.last_answer_ms = world_.now.ms;
        return client;
    }
    /// It ends without a word; another one comes in its place, perhaps by the other protocol.
    void start_again(Client& client) { client = fresh(client.instance); }

    static void forget_answers(Client& client) {
        client.joining.reset();
        client.syncing.reset();
        client.has_to_join = true;
    }
    /// What a client does that hears that it is out.
    void start_over(Client& client, bool with_new_id) {
        client.owned.clear();
        client.epoch = client.classic ? -1 : 0;
        forget_answers(client);
        if (with_new_id && client.classic) client.id.clear();
    }

    void pass(int64_t ms) {
        for (Client& client : clients_) // whoever has heard nothing for so long believes nothing any more
            if (!client.joining && world_.now.ms + ms >= client.last_answer_ms + session_ms - longest_pass_ms)
                start_over(client, false);
        world_.pass(ms);
    }

    void act(Client& client) {
        if (client.classic)
            act_classic(client);
        else
            beat(client);
    }

    // The consumer protocol.

    void beat(Client& client) {
        const bool joins = client.epoch <= 0;
        Heartbeat request = joins ? consumer_join(client.id, {"orders", "events"})
                                  : consumer_beat(world_, client.id, client.epoch, {});
        if (!joins) request.topic_partitions = to_response(client.owned).topic_partitions;
        if (!joins)
            request.rebalance_timeout_ms = 30'000, request.subscribed_topic_names = {{"orders", "events"}};
        if (!client.instance.empty()) request.instance_id = client.instance;
        const HeartbeatAnswer answer = send(world_, request);
        if (!resting_ && below(12) == 0) return; // the answer is lost
        if (answer.error_code != ErrorCode::none) return start_over(client, false);
        client.last_answer_ms = world_.now.ms;
        client.epoch = answer.member_epoch;
        if (!answer.assignment) return;
        Assignment assigned;
        for (const auto& topic : answer.assignment->topic_partitions)
            assigned.push_back({topic.topic_id, topic.partitions});
        client.owned = assigned;
    }

    // The classic protocol.

    void hear(Client& client) {
        if (client.joining) hear_join(client);
        if (client.syncing) hear_sync(client);
    }

    void act_classic(Client& client) {
        if (client.joining || client.syncing) return hear(client);
        if (client.has_to_join || client.seen != partitions()) return join(client);
        heard(client, world_.heartbeat(client.id, client.epoch, "g", client.instance));
    }

    bool heard(Client& client, ErrorCode error) {
        if (error == ErrorCode::none || error == ErrorCode::rebalance_in_progress ||
            error == ErrorCode::member_id_required)
            client.last_answer_ms = world_.now.ms;
        if (error == ErrorCode::rebalance_in_progress || error == ErrorCode::member_id_required)
            forget_answers(client);
        else if (error != ErrorCode::none)
            start_over(client, error != ErrorCode::illegal_generation);
        return error == ErrorCode::none;
    }

    void join(Client& client) {
        if (!cooperative_) client.owned.clear();
        Join join = classic_join(client.id, by_name(client.owned, world_.lookup()), {"orders", "events"});
        join.instance = client.instance;
        join.session_ms = session_ms;
        join.rebalance_ms = rebalance_ms;
        client.seen = partitions();
        client.joining = world_.join(join);
        hear_join(client);
    }

    void hear_join(Client& client) {
        if (!world_.answered(*client.joining)) return;
        const auto joined = world_.joined(*client.joining);
        client.joining.reset();
        if (!joined.member_id.empty()) client.id = joined.member_id;
        if (!heard(client, joined.error_code)) return;
        client.has_to_join = false;
        client.epoch = joined.generation_id;
        std::vector<std::pair<std::string, std::string>> parts;
        if (joined.leader == client.id && !joined.skip_assignment) parts = assign(joined);
        client.syncing = world_.sync(client.id, client.epoch, parts, "g", client.instance);
        hear_sync(client);
    }

    void hear_sync(Client& client) {
        if (!world_.answered(*client.syncing)) return;
        const auto synced = world_.synced(*client.syncing);
        client.syncing.reset();
        if (!heard(client, synced.error_code)) return;
        const auto read = read_assignment(synced.assignment.data);
        const Assignment assigned = read ? by_id(read->partitions, world_.lookup()) : Assignment();
        const bool gives_up = !without(client.owned, assigned).empty();
        client.owned = assigned;
        client.has_to_join = gives_up;
    }

    /// One partition after the other; what a member has that is to be another's is left out.
    std::vector<std::pair<std::string, std::string>> assign(const wire::join_group::Response& joined) {
        std::map<std::pair<std::string, int32_t>, std::string> owners;
        for (const auto& member : joined.members) {
            const Subscription said = *read_subscription(member.metadata.data);
            for (const NamedPartitions& topic : said.owned)
                for (const int32_t p : topic.partitions) owners[{topic.topic, p}] = member.member_id;
        }
        std::map<std::string, Partitions> parts;
        size_t turn = 0;
        for (const auto& [name, topic] : world_.topics)
            for (int32_t p = 0; p < topic.partitions; p++, turn++) {
                const std::string& member = joined.members[turn % joined.members.size()].member_id;
                const auto owner = owners.find({name, p});
                if (owner == owners.end() || owner->second == member) parts[member].push_back({name, {p}});
            }
        std::vector<std::pair<std::string, std::string>> written;
        for (const auto& member : joined.members)
            written.emplace_back(member.member_id, write_assignment(1, parts[member.member_id]));
        return written;
    }

    void leave(Client& client) {
        if (client.classic) {
            if (!client.id.empty()) world_.leave({{client.id, {}, {}}});
        } else if (client.epoch > 0) {
            Heartbeat request = consumer_beat(world_, client.id, -1, {});
            if (!client.instance.empty()) request.instance_id = client.instance;
            if (!client.instance.empty() && below(2)) request.member_epoch = -2;
            send(world_, request);
        }
        world_.check_stored();
        start_again(client);
    }

    void rare() {
        const unsigned what = below(5);
        if (what == 0) restart();
        if (what == 1) drop();
        if (what == 2) {
            world_.topics["orders"].partitions = std::min(world_.topics["orders"].partitions + 1, 12);
            world_.topic_changes++;
        }
        if (what > 2)
            world_.settings.group_consumer_migration_policy = MigrationPolicy(std::min(below(8), 3u));
    }
    void restart() {
        world_.restart();
        for (Client& client : clients_)
            if (client.joining || client.syncing) forget_answers(client);
    }
    /// The transaction of a turn has failed: those who wait are refused, the rest is read again.
    void drop() {
        for (const Ticket ticket : world_.groups.drop("g")) world_.open.erase(ticket);
        for (const Row& row : world_.tables.rows()) world_.groups.apply(row, world_.now);
        for (Client& client : clients_)
            if ((client.joining && !world_.answered(*client.joining)) ||
                (client.syncing && !world_.answered(*client.syncing)))
                forget_answers(client);
    }

    int32_t partitions() const {
        int32_t all = 0;
        for (const auto& [name, topic] : world_.topics) all += topic.partitions;
        return all;
    }
    bool is_consumer_group() const { return world_.groups.find("g") && is_consumer(world_); }

    void check() {
        world_.check_stored();
        count_conversions();
        Assignment believed;
        for (const Client& client : clients_) {
            CHECK(disjoint(believed, client.owned));
            believed = united(believed, client.owned);
        }
        Assignment stored;
        for (const auto& [key, row] : world_.tables.members_) {
            const auto* member = std::get_if<ConsumerMember>(&row.state);
            if (!member) continue;
            for (const Assignment* all : {&member->assigned, &member->pending_revocation}) {
                CHECK(disjoint(stored, *all));
                stored = united(stored, *all);
            }
        }
    }

    void count_conversions() {
        const bool consumer = is_consumer_group();
        if (with_members_ && !world_.tables.members_.empty())
            (consumer ? upgrades_ : downgrades_) += consumer != was_consumer_;
        was_consumer_ = consumer;
        with_members_ = !world_.tables.members_.empty();
    }

    void check_everything_owned() {
        CHECK_EQ(world_.state(), std::string("Stable"));
        CHECK_EQ(world_.tables.members_.size(), clients_.size());
        const auto consumers =
            std::count_if(clients_.begin(), clients_.end(), [](const Client& c) { return !c.classic; });
        CHECK_EQ(is_consumer_group(), consumers > 0);
        Assignment believed;
        for (const Client& client : clients_) believed = united(believed, client.owned);
        size_t owned = 0;
        for (const TopicPartitions& topic : believed) owned += topic.partitions.size();
        CHECK_EQ(owned, size_t(partitions()));
    }

    std::mt19937 random_;
    const bool cooperative_;
    World world_;
    std::vector<Client> clients_;
    unsigned classic_of_ten_ = 5; ///< of those who begin
    int names_ = 0, upgrades_ = 0, downgrades_ = 0;
    bool resting_ = false;
    bool was_consumer_ = false, with_members_ = false; ///< when it was last looked at
};

} // namespace

TEST("migration: random members of both protocols never own a partition twice, and come to rest") {
    int upgrades = 0, downgrades = 0;
    for (unsigned seed = 1; seed <= 20; seed++) {
        Play play(seed, seed % 2);
        for (int rest = 0; rest < 4; rest++) {
            for (int step = 0; step < 400; step++) play.step();
            play.come_to_rest();
        }
        upgrades += play.upgrades();
        downgrades += play.downgrades();
    }
    CHECK(upgrades > 20); // else nothing was tried
    CHECK(downgrades > 20);
}
