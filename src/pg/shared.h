// What all processes of the server share of pg_kafka: the latches of its workers, and a counter that tells
// the broker that SQL has changed its catalog. Functions run on the main thread of any process; std types
// only.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace kafka::pg {

/// The background workers.
enum class Role { broker, janitor };

/// Asks for shared memory and hooks the events that change the catalog; when the library is loaded. So many bytes of it are
/// for status_memory().
void request_shared_memory(size_t status_bytes);

/// Memory for what the broker shows of itself; all zero when the server starts, also after a crash of one of its
/// processes. Begins at a cache line.
std::span<std::byte> status_memory();
/// True if the server has a process of that number which may be a worker.
bool process_exists(int32_t process);

/// True in the broker and the janitor.
bool in_worker();

/// Grows with every committed change of the kafka catalog that did not come from our workers, CREATE and DROP
/// EXTENSION among them. The broker compares it with the value it last saw; each growth also wakes it.
uint64_t catalog_generation();
/// What a transaction changes: topics; the log and what is known of who has written it, as whoever restores or mends that does; the
/// transactions of producers.
enum class Change { topics, log, transactions };
/// The same as catalog_generation() for those changes that touch the log, or transactions. Read it after that.
uint64_t generation_of(Change what);

/// Marks the transaction of this session as one that changes the catalog: catalog_generation() grows as it
/// commits. Without effect in our workers, which know what they do. Does not throw. Such a transaction cannot be prepared
/// (PREPARE TRANSACTION), for nobody would tell the broker of its commit.
void changed_at_commit(Change what);

/// Sets the latch of a worker, if it runs. From the main thread of any process, not from other threads.
void wake_broker();
void wake_janitor();
/// How often the janitor has been woken, for it to see whether it was while it worked.
uint64_t janitor_calls();

/// Grows whenever the janitor has compacted a topic, which also wakes the broker.
uint64_t compactions();
void count_compaction();
/// The broker knows of so many of them; whether these are all.
void notice_compactions(uint64_t count);
bool all_compactions_noticed();

/// Lets others wake this process as that worker until it exits. Private to the start of workers.
void announce_latch(Role role);
/// True if the broker is, or was last, connected to another database than this session.
bool broker_is_elsewhere();
/// True while a broker is connected to its database. Private to the start of workers.
bool broker_connected();
void set_broker_connected();
/// True once a worker found that pg_kafka.database does not exist. Private to the start of workers.
bool database_missing();
void set_database_missing(bool missing);

} // namespace kafka::pg
