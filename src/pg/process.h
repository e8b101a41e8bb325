// The process that a worker runs in: its latch, its signals, its log. Everything but wake_main() belongs to
// the main thread; std types only.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace kafka::pg {

/// Sets the latch that wait() sleeps on. The only function of the server that a thread other than the main
/// one may call.
void wake_main() noexcept;

/// Sleeps until the latch is set or the time is over (nothing: no limit); resets the latch, and does what the server asks of
/// every process (barriers, cache invalidations). Ends the process when the postmaster is gone. Outside a transaction.
/// Returns at once when shutdown is requested. Throws Error.
///
/// Within a transaction the server sleeps on the same latch for its own reasons (locks, standbys) and resets it: after one,
/// whoever calls this looks first whether what it waits for has come meanwhile.
void wait(std::optional<std::chrono::milliseconds> timeout);

/// SIGTERM has come: end the work and return from the worker's body.
bool shutdown_requested() noexcept;
/// SIGHUP has come: call reload().
bool reload_requested() noexcept;
/// Has every process of the server read its configuration files again, as pg_reload_conf() does: this one is asked at once.
void request_reload() noexcept;
/// Reads the configuration files again and forgets the request. Throws Error.
void reload();

/// Runs `action` when the process ends in whatever way but a crash; exceptions in it are dropped. May be
/// called several times; the last one runs first.
void on_exit(std::function<void()> action);

enum class Level { debug, log, warning };

/// One entry in the server's log. Empty detail and hint are left out. Throws Error only when memory is short.
void log(Level level, const std::string& message, const std::string& detail = {},
         const std::string& hint = {});

/// The timeline that the server writes WAL on; grows with every promotion. Not during recovery.
int32_t timeline();
/// Identifies this database cluster, and is the same on its physical standbys.
uint64_t system_identifier();

/// Where the server keeps its data, as a path.
std::string data_directory();

/// Lets this process open that many files and sockets besides the server's own, as far as the operating
/// system permits.
void raise_open_file_limit(int sockets) noexcept;

/// True if a commit may wait for synchronous standbys. SIGTERM ends such a wait, and then nobody knows whether they have it.
bool waits_for_standbys() noexcept;

/// How many servers have what a commit has waited for: this one, and as many as synchronous_standby_names asks for, or, if there are
/// fewer, as stream now.
int in_sync_replicas();

/// A request to cancel means the statement of a transaction. Outside of one it must not become an ERROR in whatever the
/// server is asked for there, a line in the log for instance. Until the next transaction begins; private to pg/.
void hold_cancel_requests() noexcept;

/// While one of these lives, requests to cancel are not heard: within a commit there is no statement any more, and the server would
/// take one for the wish not to wait for standbys, and report success. SIGTERM still ends that wait. Private to pg/.
class CancelRequestsIgnored {
public:
    CancelRequestsIgnored() noexcept;
    ~CancelRequestsIgnored();
    CancelRequestsIgnored(const CancelRequestsIgnored&) = delete;
    CancelRequestsIgnored& operator=(const CancelRequestsIgnored&) = delete;
};

/// Takes over SIGINT, SIGTERM and SIGHUP and lets signals in. A statement that runs when SIGTERM comes fails with query_canceled.
/// Private to the start of workers.
void handle_signals();

} // namespace kafka::pg
