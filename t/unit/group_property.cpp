// Random sequences of what clients do to classic groups. After each step the tables say what memory says, live
// and replayed; within a generation no partition has two owners, and in a Stable group all have one; after
// enough time everybody has an answer.
#include "group_world.h"

#include <algorithm>
#include <random>

using namespace group_test;

namespace {

constexpr int partitions = 6;

/// A client as it sees itself. It may do what it does at any time, at the wrong one as well.
struct Member {
    std::string id, instance;
    int32_t generation = -1;
    std::optional<Ticket> joining, syncing;
    std::vector<std::string> to_assign; ///< as leader: the members that it was told
    bool leads = false;
};

class Play {
public:
    explicit Play(uint32_t seed) : random_(seed) {
        world_.settings.group_initial_rebalance_delay_ms = pick(2) ? 3'000 : 0;
        world_.settings.group_max_size = pick(3) ? 5 : std::numeric_limits<int32_t>::max();
        members_.resize(8);
        for (size_t i = 0; i < 3; i++) members_[i].instance = "instance" + std::to_string(i);
        members_[3].instance = "instance0"; // two clients with one instance id
    }

    void step() {
        Member& member = members_[size_t(pick(int(members_.size())))];
        act(member, pick(20));
        world_.tick();
        for (Member& each : members_) hear(each);
        world_.check_stored();
        check_owners();
    }

    void finish() {
        world_.pass(400'000);
        CHECK(world_.open.empty());
        const auto& all = world_.groups.all();
        for (const auto& [id, group] : all) CHECK(std::get<ClassicGroup>(group.kind).empty());
        world_.check_stored();
    }

    int stable() const { return stable_; } ///< how often a Stable group was looked at

private:
    int pick(int below) { return int(random_() % uint32_t(below)); }

    void act(Member& member, int what) {
        if (what < 3) return join(member);
        if (what < 7) return sync(member);
        if (what < 8) return heartbeat(member);
        if (what < 10) return commit(member);
        if (what < 11) return leave(member);
        if (what < 12) return world_.pass(pick(2'000));
        if (what < 13) return world_.pass(pick(4) ? pick(6'000) : pick(60'000));
        if (what < 14) return rare();
        if (what < 15) return forget(member); // the client restarts
        follow();
    }

    static void forget(Member& member) { member = {"", member.instance, -1, {}, {}, {}, false}; }

    void join(Member& member) {
        Join join;
        join.member = member.id;
        join.instance = member.instance;
        join.version = int16_t(pick(8) ? 9 : 4 + pick(5));
        if (join.version < 5) join.instance = "";
        join.session_ms = 6'000 + pick(10'000);
        join.rebalance_ms = pick(20'000);
        if (pick(3) == 0) join.protocols = {{"range", "x" + std::to_string(pick(3))}};
        if (pick(5) == 0) join.protocols = {{"sticky", ""}, {"range", ""}};
        member.joining = world_.join(join);
        member.syncing.reset();
    }

    void sync(Member& member) {
        if (member.id.empty()) return;
        std::vector<std::pair<std::string, std::string>> parts;
        if (member.leads && !member.to_assign.empty()) {
            for (const std::string& id : member.to_assign)
                if (parts.empty() || pick(5)) parts.emplace_back(id, ""); // some are left out
            for (int i = 0; i < partitions; i++)
                parts[size_t(pick(int(parts.size())))].second += char('0' + i);
            if (pick(10) == 0) parts.emplace_back("nobody", "012345");
        }
        member.syncing =
            world_.sync(member.id, member.generation, parts, "g", pick(2) ? member.instance : std::string());
    }

    void heartbeat(Member& member) {
        for (Member& each : members_)
            if (&each == &member || pick(3)) note(each, world_.heartbeat(each.id, each.generation));
    }

    /// Some clients do as they should, often up to a Stable group. The one whose instance id is another's, too,
    /// would never let it be.
    void follow() {
        for (int round = 0; round < 5; round++) {
            for (size_t i = 0; i < members_.size(); i++)
                if (i != 3 && !members_[i].joining &&
                    world_.heartbeat(members_[i].id, members_[i].generation) != ErrorCode::none)
                    join(members_[i]);
            world_.pass(4'000);
            for (Member& member : members_) hear(member);
        }
        for (Member& member : members_)
            if (!member.joining && pick(20)) sync(member);
    }

    void commit(Member& member) {
        const bool known = pick(4) != 0;
        world_.commit(pick(2) ? "orders" : "events", pick(5), pick(1'000), known ? member.id : "",
                      known ? member.generation : -1);
    }

    void leave(Member& member) {
        if (pick(2)) return;
        world_.leave({{pick(3) ? member.id : "",
                       member.instance.empty() ? std::optional<std::string>()
                                               : std::optional<std::string>(member.instance),
                       {}}});
    }

    void make_topic_anew() {
        world_.topics["orders"].id[0]++;
        world_.topics_deleted();
    }

    void rare() {
        const int what = pick(6);
        if (what == 0) world_.restart();
        if (what == 1) make_topic_anew();
        if (what == 2)
            world_.ask(2, [&](Turn& turn, const Caller& caller) {
                world_.groups.delete_groups(turn, caller, {{"g"}});
            });
        if (what == 3) world_.settings.group_max_size = 3 + pick(4);
        if (what == 4) drop();
    }

    /// The transaction of a turn has failed: those who wait are refused, the rest is read again.
    void drop() {
        for (const Ticket ticket : world_.groups.drop("g")) world_.open.erase(ticket);
        for (const Row& row : world_.tables.rows()) world_.groups.apply(row, world_.now);
    }

    void note(Member& member, ErrorCode code) {
        if (code == ErrorCode::unknown_member_id) forget(member);
    }

    void hear(Member& member) {
        if (member.joining && world_.answered(*member.joining)) {
            const auto joined = world_.joined(*member.joining);
            member.joining.reset();
            if (!joined.member_id.empty()) member.id = joined.member_id;
            note(member, joined.error_code);
            if (joined.error_code == ErrorCode::none) heard_generation(member, joined);
        }
        if (member.syncing && world_.answered(*member.syncing)) {
            note(member, world_.synced(*member.syncing).error_code);
            member.syncing.reset();
        }
    }

    void heard_generation(Member& member, const wire::join_group::Response& joined) {
        CHECK(joined.generation_id >= 1);
        CHECK_EQ(joined.members.empty(), joined.leader != joined.member_id);
        member.generation = joined.generation_id;
        member.leads = joined.leader == joined.member_id && !joined.skip_assignment;
        member.to_assign.clear();
        for (const auto& other : joined.members) member.to_assign.push_back(other.member_id);
    }

    /// By what the group says, which is what a member would get from its SyncGroup.
    void check_owners() {
        if (world_.state() != "Stable") return;
        stable_++;
        const ClassicGroup& group = world_.classic();
        CHECK(group.leader() && group.members().find(*group.leader()));
        CHECK_EQ(group.stored_members().size(), group.members().size());
        std::string owned;
        for (const auto* member : group.members().in_order()) owned += view_of(member->classic().assignment);
        std::sort(owned.begin(), owned.end());
        CHECK(std::adjacent_find(owned.begin(), owned.end()) == owned.end());
        if (owned.empty()) return; // its leader had nothing to assign with
        CHECK_EQ(owned, std::string("012345"));
    }

    std::mt19937 random_;
    World world_;
    std::vector<Member> members_;
    int stable_ = 0;
};

} // namespace

TEST("group: whatever clients do, nobody waits for ever, nothing is owned twice, and the tables say the "
     "same") {
    int stable = 0;
    for (const uint32_t seed : {1u, 2u, 3u, 5u, 8u, 13u, 21u, 34u, 55u, 89u}) {
        Play play(seed);
        for (int i = 0; i < 2'000; i++) play.step();
        play.finish();
        stable += play.stable();
    }
    CHECK(stable > 5'000); // else nothing was tried
}
