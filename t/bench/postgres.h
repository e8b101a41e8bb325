// What is asked of the server through psql: a bare INSERT of the same batches, sizes, and the state of WAL.
#pragma once
#include "batches.h"

#include <string>
#include <vector>

namespace bench {

class Postgres {
public:
    /// A connection string for psql.
    explicit Postgres(std::string connection) : connection_(std::move(connection)) {}

    struct Inserted {
        double payload_mb = 0;    ///< MB/s
        double bytes_on_disk = 0; ///< of table and index, per byte of payload
    };
    /// The same batches by INSERT in a PL/pgSQL loop, with a COMMIT for each MiB of payload, into a table with
    /// a primary key. A fifth of the time comes on top, before, and does not count.
    Inserted insert(const BatchKind& batch, double seconds) const;

    /// Size of all tables and indexes of a topic, per record in it.
    double bytes_per_record(const std::string& topic) const;

    /// Rate at which a query decodes all records of a topic, again and again for that time, after one that does not count.
    double records_per_second(const std::string& topic, double seconds) const;

    /// What the broker has done since its start.
    struct OffsetCommits {
        double requests = 0; ///< OffsetCommit requests
        double flushes = 0;  ///< transactions of turns: each ends with a flush of the WAL
    };
    OffsetCommits offset_commits() const;

    /// How much is to be written until the server needs no new WAL files: 0 if that has happened.
    double wal_to_fill() const;
    void checkpoint() const;

private:
    /// Runs a script; the numbers that it prints. Throws if it fails.
    std::vector<double> run(const std::string& script) const;

    std::string connection_;
};

} // namespace bench
