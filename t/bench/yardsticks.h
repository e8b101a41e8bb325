// What figures are compared with besides another broker. Each is measured only where a figure wants it.
#pragma once
#include "batches.h"
#include "measurement.h"
#include "options.h"

namespace bench {

class Yardsticks {
public:
    explicit Yardsticks(const Options& options);

    Reference sequential_write() const;
    Reference flushes_per_second() const; ///< and how long one takes:
    Reference flush_p50() const;
    Reference flush_p99() const;
    Reference flush_beside_reader_p50() const;
    Reference flush_beside_reader_p99() const;
    Reference loopback() const;
    /// Until the server behind the broker answers a query.
    std::vector<Reference> server_start() const;
    /// Without a server behind psql there is none.
    std::vector<Reference> insert(const BatchKind& batch) const;
    std::vector<Reference> inserted_bytes(const BatchKind& batch) const;

private:
    std::shared_ptr<Yardstick> inserting(const BatchKind& batch) const;

    Options options_;
    std::shared_ptr<Yardstick> disk_, busy_disk_, server_start_, loopback_;
    mutable std::vector<std::shared_ptr<Yardstick>> inserts_; ///< one for each kind of batch
};

} // namespace bench
