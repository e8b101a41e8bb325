// See session.h. Main thread only.
#include "pg/session.h"

#include "pg/transaction.h"

#include "pg/guard.h"

extern "C" {
#include "commands/extension.h"
#include "mb/pg_wchar.h"
#include "utils/guc.h"
}

namespace kafka::pg {
namespace {

struct Pin {
    const char* name;
    const char* value;
};

constexpr Pin pins[] = {
    {"search_path", "pg_catalog, pg_temp"}, // nobody's function or table stands in for the server's
    {"lock_timeout", "1s"},                 // no user's lock holds the broker for longer
    {"statement_timeout", "0"},
    {"idle_in_transaction_session_timeout", "0"},
    {"default_transaction_read_only", "off"},
    {"default_transaction_isolation", "read committed"},
    {"default_transaction_deferrable", "off"},
    {"default_table_access_method", "heap"},
    {"row_security", "off"}, // an error rather than rows left out
    {"jit", "off"},          // never worth its start-up for statements of a few rows
    {"enable_indexscan", "on"},
    {"enable_seqscan", "off"},    // plans are prepared while a segment is empty, and are to be right
    {"enable_bitmapscan", "off"}, // when it is full: by index, in its order
#if PG_VERSION_NUM >= 170000
    {"transaction_timeout", "0"},
    {"event_triggers", "off"}, // an event trigger that fails would stop the log from growing
#endif
};

} // namespace

void pin_session() {
    for (const Pin& pin : pins)
        call([&pin] { SetConfigOption(pin.name, pin.value, PGC_SUSET, PGC_S_OVERRIDE); });
}

bool extension_exists() {
    const auto look = [] { return OidIsValid(get_extension_oid("pg_kafka", true)); };
    if (in_transaction()) return call(look);
    Transaction transaction("looking for the extension");
    const bool exists = call(look);
    transaction.commit(Durability::none_written);
    return exists;
}

bool database_is_utf8() { return GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII; }

} // namespace kafka::pg
