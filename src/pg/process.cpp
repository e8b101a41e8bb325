// See process.h. Signal handlers only set flags and the latch; what they ask for happens in wait(), so that
// no ERROR passes through C++ frames. Main thread only, but for wake_main().
#include "pg/process.h"

#include <algorithm>
#include <csignal>

#include <sys/resource.h>

#include "pg/guard.h"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "replication/syncrep.h"
#include "replication/walsender.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/sinval.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/wait_event.h"
}

namespace kafka::pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

volatile std::sig_atomic_t shutdown_flag, reload_flag, cancel_requests_ignored;

extern "C" void on_sigint(SIGNAL_ARGS) {
    if (!cancel_requests_ignored) StatementCancelHandler(postgres_signal_arg);
}

extern "C" void on_sigterm(int) {
    const int saved_errno = errno;
    // Whatever the statement waits for, a synchronous standby for instance. The signal may come twice, to us and to our process
    // group: what is done after the first one is not to be disturbed.
    if (!shutdown_flag) QueryCancelPending = true;
    shutdown_flag = true;
    InterruptPending = true;
    SetLatch(MyLatch);
    errno = saved_errno;
}

extern "C" void on_sighup(int) {
    const int saved_errno = errno;
    reload_flag = true;
    SetLatch(MyLatch);
    errno = saved_errno;
}

/// What pg_stat_activity shows as wait_event.
uint32_t wait_event() {
#if PG_VERSION_NUM >= 170000
    static uint32_t event = WaitEventExtensionNew("PgKafkaMain");
    return event;
#else
    return PG_WAIT_EXTENSION;
#endif
}

void serve_interrupts() {
    ResetLatch(MyLatch);
    QueryCancelPending = false; // there is no statement to cancel
    CHECK_FOR_INTERRUPTS();
    if (catchupInterruptPending) ProcessCatchupInterrupt();
}

/// Sleeps once; true if the latch was set.
bool sleep(std::optional<milliseconds> time) {
    return call([time] {
        const int forever = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH;
        const int events =
            time ? WaitLatch(MyLatch, forever | WL_TIMEOUT, static_cast<long>(time->count()), wait_event())
                 : WaitLatch(MyLatch, forever, -1, wait_event());
        if (events & WL_LATCH_SET) serve_interrupts();
        return (events & WL_LATCH_SET) != 0;
    });
}

/// Time after which statistics that were held back are to be sent; nothing if there are none.
std::optional<milliseconds> statistics_due(bool now) {
    const long held_back = call([now] { return pgstat_report_stat(now); });
    return held_back > 0 ? std::optional(milliseconds(held_back)) : std::nullopt;
}

std::optional<milliseconds> earlier(std::optional<milliseconds> a, std::optional<milliseconds> b) {
    return a && b ? std::min(*a, *b) : a ? a : b;
}

int server_level(Level level) {
    switch (level) {
    case Level::debug:
        return DEBUG1;
    case Level::log:
        return LOG;
    case Level::warning:
        return WARNING;
    }
    return LOG;
}

void run_action(int, Datum action) {
    try {
        (*reinterpret_cast<std::function<void()>*>(DatumGetPointer(action)))();
    } catch (...) {
        // The process is ending; there is nobody left to tell.
    }
}

} // namespace

void wake_main() noexcept { SetLatch(MyLatch); }

void wait(std::optional<milliseconds> timeout) {
    if (shutdown_flag) return;
    const auto longest = milliseconds(std::chrono::hours(1)); // the server takes at most INT_MAX
    if (timeout) timeout = std::clamp(*timeout, milliseconds(0), longest);
    const auto deadline = steady_clock::now() + timeout.value_or(longest);
    std::optional<milliseconds> statistics = statistics_due(false);
    while (!sleep(earlier(timeout, statistics))) {
        if (statistics) statistics = statistics_due(true);
        if (!timeout) continue;
        timeout = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
        if (*timeout <= milliseconds(0)) return;
    }
}

bool shutdown_requested() noexcept { return shutdown_flag; }
bool reload_requested() noexcept { return reload_flag; }

void request_reload() noexcept {
    reload_flag = true;
    (void)kill(PostmasterPid, SIGHUP);
}

void reload() {
    reload_flag = false;
    call([] { ProcessConfigFile(PGC_SIGHUP); });
}

void on_exit(std::function<void()> action) {
    auto* kept = new std::function<void()>(std::move(action)); // until the end of the process
    call([kept] { before_shmem_exit(run_action, PointerGetDatum(kept)); });
}

void log(Level level, const std::string& message, const std::string& detail, const std::string& hint) {
    call([level = server_level(level), &message, &detail, &hint] {
        ereport(level,
                (errmsg_internal("%s", message.c_str()),
                 detail.empty() ? 0 : errdetail_internal("%s", detail.c_str()),
                 hint.empty() ? 0 : errhint("%s", hint.c_str()), errhidestmt(true), errhidecontext(true)));
    });
}

int32_t timeline() {
    return call([] { return static_cast<int32_t>(GetWALInsertionTimeLine()); });
}

uint64_t system_identifier() {
    return call([] { return GetSystemIdentifier(); });
}

std::string data_directory() { return DataDir; }

void raise_open_file_limit(int sockets) noexcept {
    rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
    const rlim_t wanted = static_cast<rlim_t>(sockets) + static_cast<rlim_t>(max_files_per_process);
    limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, wanted));
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

bool waits_for_standbys() noexcept {
    return SyncRepRequested() && SyncRepStandbyNames && SyncRepStandbyNames[0];
}

int in_sync_replicas() {
    if (!waits_for_standbys()) return 1;
    return call([] {
        SyncRepStandbyData* standbys = nullptr;
        const int streaming = SyncRepGetCandidateStandbys(&standbys);
        if (standbys) pfree(standbys);
        return 1 + (streaming > 0 ? std::min(streaming, SyncRepConfig->num_sync) : 0);
    });
}

void hold_cancel_requests() noexcept { QueryCancelHoldoffCount = 1; } // an ERROR has set it to 0

CancelRequestsIgnored::CancelRequestsIgnored() noexcept { cancel_requests_ignored = true; }

CancelRequestsIgnored::~CancelRequestsIgnored() { cancel_requests_ignored = false; }

void handle_signals() {
    hold_cancel_requests();
    pqsignal(SIGINT, on_sigint);
    pqsignal(SIGTERM, on_sigterm);
    pqsignal(SIGHUP, on_sighup);
    BackgroundWorkerUnblockSignals();
}

} // namespace kafka::pg
