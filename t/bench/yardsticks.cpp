// See yardsticks.h.
#include "yardsticks.h"

#include "disk.h"
#include "postgres.h"

namespace bench {
namespace {

std::string described(const BatchKind& kind) {
    return "bare INSERT, " + std::to_string(kind.payload_bytes() / 1024) + " KiB batches, " +
           name(kind.codec);
}

} // namespace

Yardsticks::Yardsticks(const Options& options)
    : options_(options),
      disk_(new Yardstick{
          "disk",
          [options] {
              const Disk disk = measure_disk(options.disk, options.seconds / 2);
              return Values{disk.sequential_mb, disk.flushes, disk.flush_p50_ms, disk.flush_p99_ms};
          }}),
      busy_disk_(new Yardstick{"disk beside a reader",
                               [options] {
                                   const BusyDisk disk =
                                       measure_disk_beside_reader(options.disk, options.seconds / 2);
                                   return Values{disk.flush_p50_ms, disk.flush_p99_ms};
                               }}),
      server_start_(
          new Yardstick{"start of the server",
                        [options] { return Values{start_to_first_query(options.commands, options.psql)}; }}),
      loopback_(
          new Yardstick{"loopback", [options] { return Values{measure_loopback(options.seconds / 2)}; }}) {}

Reference Yardsticks::sequential_write() const {
    return {disk_, 0, "sequential write to the disk; the broker writes all to WAL and again to the table"};
}
Reference Yardsticks::flushes_per_second() const {
    return {disk_, 1, "fdatasync of 8 KiB, one after the other"};
}
Reference Yardsticks::flush_p50() const { return {disk_, 2, "fdatasync of 8 KiB"}; }
Reference Yardsticks::flush_p99() const { return {disk_, 3, "fdatasync of 8 KiB"}; }
Reference Yardsticks::flush_beside_reader_p50() const {
    return {busy_disk_, 0, "fdatasync of 8 KiB beside a sequential reader"};
}
Reference Yardsticks::flush_beside_reader_p99() const {
    return {busy_disk_, 1, "fdatasync of 8 KiB beside a sequential reader"};
}
std::vector<Reference> Yardsticks::server_start() const {
    if (options_.psql.empty() || !options_.commands.known()) return {};
    return {{server_start_, 0, "until the server answers a query"}};
}
Reference Yardsticks::loopback() const { return {loopback_, 0, "TCP on the loopback"}; }

std::vector<Reference> Yardsticks::insert(const BatchKind& batch) const {
    if (options_.psql.empty()) return {};
    return {{inserting(batch), 0, "bare INSERT of the same batches, COMMIT each MiB"}};
}

std::vector<Reference> Yardsticks::inserted_bytes(const BatchKind& batch) const {
    if (options_.psql.empty()) return {};
    return {{inserting(batch), 1, "bare INSERT of the same batches"}};
}

std::shared_ptr<Yardstick> Yardsticks::inserting(const BatchKind& batch) const {
    const std::string name = described(batch);
    for (const auto& insert : inserts_)
        if (insert->name == name) return insert;
    inserts_.push_back(std::make_shared<Yardstick>(
        Yardstick{name, [options = options_, batch] {
                      const auto inserted = Postgres(options.psql).insert(batch, options.seconds);
                      return Values{inserted.payload_mb, inserted.bytes_on_disk};
                  }}));
    return inserts_.back();
}

} // namespace bench
