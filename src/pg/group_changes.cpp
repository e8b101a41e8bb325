// See group_changes.h. All counters are sequentially consistent: a session first counts itself as a holder and then looks whether
// the broker is within a turn; the broker first begins its turn and then looks for holders. So one of them sees the other.
#include "pg/group_changes.h"

#include "pg/shared.h"

#include <atomic>
#include <functional>
#include <new>

#include "pg/guard.h"

extern "C" {
#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/resowner.h"
#include "utils/wait_event.h"
}

namespace kafka::pg {
namespace {

struct SharedGroup {
    std::atomic<uint32_t> holders{0};
    std::atomic<uint32_t> changes{0};
};

struct Shared {
    std::atomic<uint64_t> turn{0};    ///< odd within a turn of the broker
    std::atomic<uint32_t> holders{0}; ///< of all groups; grows after, and shrinks after, that of a group
    std::atomic<uint64_t> changes{0}; ///< of all groups; grows after that of a group
    std::atomic<uint64_t> changes_of_all{0};
    SharedGroup groups[group_hashes];
};
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<uint32_t>::is_always_lock_free);

Shared* shared;

// Of the transaction of this session.
GroupSet held_groups, changed_groups;
bool all_changed;
int holds; ///< GroupHolds that live

void hold(size_t hash) noexcept {
    held_groups.set(hash);
    shared->groups[hash].holders.fetch_add(1);
    shared->holders.fetch_add(1);
}

void release(size_t hash) noexcept {
    held_groups.reset(hash);
    shared->groups[hash].holders.fetch_sub(1);
    shared->holders.fetch_sub(1);
}

/// Server code. A turn is short; how short, is up to the disk.
void wait_for_end_of_turn() {
    constexpr long interval_ms = 1;
    const uint64_t turn = shared->turn;
    while (turn % 2 == 1 && shared->turn == turn) {
        CHECK_FOR_INTERRUPTS();
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, interval_ms,
                        PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
    }
}

void publish_changes() noexcept {
    if (all_changed) shared->changes_of_all.fetch_add(1);
    if (changed_groups.none()) return;
    for (size_t hash = 0; hash < group_hashes; hash++)
        if (changed_groups[hash]) shared->groups[hash].changes.fetch_add(1);
    shared->changes.fetch_add(1);
}

/// The last step of the end of a transaction: its locks have been released. Changes are published before the groups are released.
void on_release(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void*) {
    if (phase != RESOURCE_RELEASE_AFTER_LOCKS || !is_top_level) return;
    if (held_groups.none() && changed_groups.none() && !all_changed) return;
    if (is_commit && !broker_is_elsewhere()) publish_changes();
    for (size_t hash = 0; hash < group_hashes; hash++)
        if (held_groups[hash]) release(hash);
    changed_groups.reset();
    all_changed = false;
}

void on_transaction_event(XactEvent event, void*) {
    if (event != XACT_EVENT_PRE_PREPARE || (changed_groups.none() && !all_changed)) return;
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot PREPARE a transaction that has changed consumer groups")));
}

} // namespace

size_t group_hash(std::string_view group_id) noexcept {
    return std::hash<std::string_view>{}(group_id) % group_hashes;
}

// Sessions --------------------------------------------------------------------------------------------------

GroupHold::GroupHold(std::string_view group_id) noexcept
    : hash_(group_hash(group_id)), ours_(!held_groups[hash_] && !broker_is_elsewhere()) {
    holds++;
    if (ours_) hold(hash_);
}

GroupHold::~GroupHold() {
    holds--;
    if (ours_) release(hash_);
}

void GroupHold::wait_for_broker() const {
    if (held_groups[hash_]) call(wait_for_end_of_turn);
}

void GroupHold::changed() noexcept {
    changed_groups.set(hash_);
    ours_ = false;
}

bool holds_group() noexcept { return holds > 0; }

void groups_changed_at_commit() noexcept {
    if (!in_worker()) all_changed = true;
}

// The broker ------------------------------------------------------------------------------------------------

bool GroupTurn::begin() noexcept {
    if (within_) return false;
    within_ = true;
    shared->turn.fetch_add(1);
    held_.reset();
    if (shared->holders == 0) return true;
    for (size_t hash = 0; hash < group_hashes; hash++) held_[hash] = shared->groups[hash].holders > 0;
    return true;
}

void GroupTurn::end() noexcept {
    if (within_) shared->turn.fetch_add(1);
    within_ = false;
}

GroupTurn::Changes GroupTurn::take_changes() noexcept {
    Changes found;
    const uint64_t of_all = shared->changes_of_all, of_groups = shared->changes;
    found.all = of_all != changes_of_all_;
    changes_of_all_ = of_all;
    if (of_groups == changes_) return found;
    changes_ = of_groups;
    for (size_t hash = 0; hash < group_hashes; hash++) {
        const uint32_t changes = shared->groups[hash].changes;
        found.groups[hash] = changes != changes_by_hash_[hash];
        changes_by_hash_[hash] = changes;
    }
    return found;
}

// For pg/shared ---------------------------------------------------------------------------------------------

size_t group_changes_size() noexcept { return sizeof(Shared); }

void attach_group_changes(void* memory, bool found) noexcept {
    shared = found ? static_cast<Shared*>(memory) : new (memory) Shared;
}

void watch_transactions_for_group_changes() {
    RegisterXactCallback(on_transaction_event, nullptr);
    RegisterResourceReleaseCallback(on_release, nullptr);
}

void end_group_turn() noexcept {
    if (shared->turn % 2 == 1) shared->turn.fetch_add(1);
}

} // namespace kafka::pg
