// What the disk and the loopback give without any broker.
#pragma once
#include <string>

namespace bench {

struct Disk {
    double sequential_mb = 0; ///< MB/s, 1 MiB at a time, one fdatasync for 16 MiB: as WAL is written
    double flushes = 0;       ///< per second: 8 KiB written, then fdatasync
    double flush_p50_ms = 0, flush_p99_ms = 0;
};

/// Measures in a file of its own in `directory`, which it fills first and removes afterwards.
Disk measure_disk(const std::string& directory, double seconds);

/// The same flushes while another thread reads a file from its disk, from one end to the other.
struct BusyDisk {
    double flush_p50_ms = 0, flush_p99_ms = 0;
};
BusyDisk measure_disk_beside_reader(const std::string& directory, double seconds);

/// MB/s that one thread gets from another through TCP on the loopback, 1 MiB at a time.
double measure_loopback(double seconds);

} // namespace bench
