// Consumer groups that sessions change by SQL, and how the broker, which has all groups in memory, comes to
// know; in shared memory. Main thread of any process; std types only.
//
// A session holds a group until its transaction ends. A broker that finds a group held stores nothing of it and
// tells its clients to try again, so that it never waits for a session. The other way round, a session waits
// until the turn in which the broker could not know of the hold is over. From then on what the tables say of the
// group is all that there is, and nobody but the session changes it. When the session has committed, the broker
// reads the group again before it does anything with it.
//
// Groups are told apart by a hash of their ids, which may be the same for several: then they share the fate.
#pragma once
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kafka::pg {

inline constexpr size_t group_hashes = 8192;
using GroupSet = std::bitset<group_hashes>; ///< of groups, by their hashes

/// The hash of a group's id.
size_t group_hash(std::string_view group_id) noexcept;

/// A group that the transaction of this session is about to change.
class GroupHold {
public:
    explicit GroupHold(std::string_view group_id) noexcept;
    GroupHold(const GroupHold&) = delete;
    GroupHold& operator=(const GroupHold&) = delete;
    /// Unless changed() was called nothing has been changed, and the broker may go on.
    ~GroupHold();

    /// Returns once the broker leaves the group alone. Throws Error.
    void wait_for_broker() const;
    /// The group has been changed: it is held until the transaction ends, and read again if that commits. Such a transaction cannot
    /// be prepared (PREPARE TRANSACTION), for nobody would tell the broker of its commit.
    void changed() noexcept;

private:
    const size_t hash_;
    bool ours_; ///< to be released: this transaction did not hold it before
};

/// True while this session has a GroupHold: it changes the tables as that says.
bool holds_group() noexcept;

/// This transaction changes groups in another way: if it commits, the broker reads all of them again. Without effect in our workers.
void groups_changed_at_commit() noexcept;

/// The broker's view, turn by turn.
class GroupTurn {
public:
    GroupTurn() = default;
    GroupTurn(const GroupTurn&) = delete;
    GroupTurn& operator=(const GroupTurn&) = delete;
    ~GroupTurn() { end(); }

    /// Begins a turn in which the broker may store groups. False within one.
    bool begin() noexcept;
    /// What it stores is committed, or will never be.
    void end() noexcept;

    /// As of the begin of the turn: groups that sessions hold.
    const GroupSet& held() const { return held_; }

    struct Changes {
        GroupSet groups;
        bool all = false;
    };
    /// What sessions have changed since this was last asked; at first, since the server's start.
    Changes take_changes() noexcept;

private:
    bool within_ = false;
    GroupSet held_;
    uint64_t changes_ = 0, changes_of_all_ = 0;   ///< known so far
    uint32_t changes_by_hash_[group_hashes] = {}; ///< the former by group
};

/// Private to pg/shared: the shared memory for this, and the end of a broker within a turn.
size_t group_changes_size() noexcept;
void attach_group_changes(void* memory, bool found) noexcept;
void watch_transactions_for_group_changes();
void end_group_turn() noexcept;

} // namespace kafka::pg
