// See table_lock.h.
#include "pg/table_lock.h"

#include "pg/process.h"

#include <chrono>
#include <thread>

#include "pg/guard.h"

extern "C" {
#include "access/genam.h"
#include "catalog/namespace.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
}

namespace kafka::pg {
namespace {

constexpr std::chrono::milliseconds between_tries{5};
constexpr int tries = 20;

bool try_lock(const std::string& schema, const std::string& table) {
    return call([&] {
        const Oid space = get_namespace_oid(schema.c_str(), true);
        const Oid oid = OidIsValid(space) ? get_relname_relid(table.c_str(), space) : InvalidOid;
        return !OidIsValid(oid) || ConditionalLockRelationOid(oid, AccessExclusiveLock);
    });
}

[[noreturn]] void refuse(const std::string& schema, const std::string& table) {
    throw Error("table " + schema + "." + table + " is in use", "55P03");
}

} // namespace

void lock_at_once(const std::string& schema, const std::string& table) {
    if (!try_lock(schema, table)) refuse(schema, table);
}

void lock_soon(const std::string& schema, const std::string& table) {
    for (int i = 0; !try_lock(schema, table); i++) {
        if (i == tries || shutdown_requested()) refuse(schema, table);
        std::this_thread::sleep_for(between_tries);
    }
}

} // namespace kafka::pg
