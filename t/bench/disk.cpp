// See disk.h.
#include "disk.h"

#include "statistics.h"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <stdlib.h>
#include <system_error>
#include <thread>
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
    void fill(const std::string& block) {
        for (size_t at = 0; at < file_bytes; at += block.size()) write(block, at);
        flush();
    }
    void read(std::string& block, size_t at) {
        if (pread(fd_, block.data(), block.size(), off_t(at)) != ssize_t(block.size())) fail("read");
    }
    /// What has been read comes from the disk again.
    void drop_from_memory() { posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED); }

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

/// How long each took, of a page written and flushed again and again.
std::vector<double> flush_pages(File& file, double duration) {
    const std::string one_page(page, 'w');
    std::vector<double> times;
    const auto begun = Clock::now();
    for (size_t at = 0; seconds_since(begun) < duration; at = (at + page) % file_bytes) {
        const auto before = Clock::now();
        file.write(one_page, at);
        file.flush();
        times.push_back(seconds_since(before));
    }
    return times;
}

} // namespace

Disk measure_disk(const std::string& directory, double duration) {
    File file(directory);
    const std::string block(mebibyte, 'w');
    file.fill(block);
    Disk disk;
    disk.sequential_mb = write_around(file, block, duration) / 1e6;
    const auto begun = Clock::now();
    const std::vector<double> times = flush_pages(file, duration);
    disk.flushes = double(times.size()) / seconds_since(begun);
    disk.flush_p50_ms = 1000 * percentile(times, 0.5);
    disk.flush_p99_ms = 1000 * percentile(times, 0.99);
    return disk;
}

BusyDisk measure_disk_beside_reader(const std::string& directory, double duration) {
    File log(directory), old(directory);
    std::string block(mebibyte, 'w');
    log.fill(block);
    old.fill(block);
    std::atomic<bool> over = false;
    std::thread reader([&] {
        for (size_t at = 0; !over; at = (at + block.size()) % file_bytes) {
            if (at == 0) old.drop_from_memory();
            old.read(block, at);
        }
    });
    const std::vector<double> times = flush_pages(log, duration);
    over = true;
    reader.join();
    return {1000 * percentile(times, 0.5), 1000 * percentile(times, 0.99)};
}

} // namespace bench
