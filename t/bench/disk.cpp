// See disk.h.
#include "disk.h"

#include "statistics.h"

#include <cerrno>
#include <fcntl.h>
#include <stdlib.h>
#include <system_error>
#include <unistd.h>

namespace bench {
namespace {

constexpr size_t mebibyte = 1 << 20, file_bytes = 256 * mebibyte, bytes_per_flush = 16 * mebibyte,
                 page = 8192;

/// A file that is gone as soon as it is closed.
class File {
public:
    explicit File(const std::string& directory) {
        std::string path = directory + "/pg_kafka-bench.XXXXXX";
        fd_ = mkstemp(path.data());
        if (fd_ < 0) fail(("cannot write in " + directory).c_str());
        unlink(path.c_str());
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { close(fd_); }

    void write(const std::string& bytes, size_t at) {
        if (pwrite(fd_, bytes.data(), bytes.size(), off_t(at)) != ssize_t(bytes.size())) fail("write");
    }
    void flush() {
        if (fdatasync(fd_)) fail("fdatasync");
    }

private:
    [[noreturn]] static void fail(const char* what) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    int fd_;
};

/// Writes 16 MiB at a time around the file; bytes per second.
double write_around(File& file, const std::string& block, double duration) {
    const auto begun = Clock::now();
    size_t written = 0;
    do {
        file.write(block, written % file_bytes);
        written += block.size();
        if (written % bytes_per_flush == 0) file.flush();
    } while (written % bytes_per_flush != 0 || seconds_since(begun) < duration);
    return double(written) / seconds_since(begun);
}

} // namespace

Disk measure_disk(const std::string& directory, double duration) {
    File file(directory);
    const std::string block(mebibyte, 'w'), one_page(page, 'w');
    for (size_t at = 0; at < file_bytes; at += block.size()) file.write(block, at);
    file.flush();
    Disk disk;
    disk.sequential_mb = write_around(file, block, duration) / 1e6;
    std::vector<double> times;
    const auto begun = Clock::now();
    for (size_t at = 0; seconds_since(begun) < duration; at = (at + page) % file_bytes) {
        const auto before = Clock::now();
        file.write(one_page, at);
        file.flush();
        times.push_back(seconds_since(before));
    }
    disk.flushes = double(times.size()) / seconds_since(begun);
    disk.flush_p50_ms = 1000 * percentile(times, 0.5);
    disk.flush_p99_ms = 1000 * percentile(times, 0.99);
    return disk;
}

} // namespace bench
