// See broker_process.h.
#include "broker_process.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <unistd.h>

namespace bench {
namespace {

namespace fs = std::filesystem;

bool local(const std::string& host) {
    return host == "localhost" || host == "[::1]" || host == "::1" || host.starts_with("127.");
}

/// What listens on the port, as "socket:[number]".
std::set<std::string> listening_sockets(unsigned port) {
    std::set<std::string> sockets;
    for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream lines(table);
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words(line);
            std::string slot, address, peer, state, queues, timer, retransmits, user, timeout, inode;
            words >> slot >> address >> peer >> state >> queues >> timer >> retransmits >> user >> timeout >>
                inode;
            const size_t colon = address.rfind(':');
            if (state != "0A" || colon == std::string::npos) continue; // TCP_LISTEN
            if (std::stoul(address.substr(colon + 1), nullptr, 16) == port)
                sockets.insert("socket:[" + inode + "]");
        }
    }
    return sockets;
}

bool holds_one_of(const fs::path& process, const std::set<std::string>& sockets) {
    std::error_code refused;
    for (fs::directory_iterator file(process / "fd", refused), end; !refused && file != end;
         file.increment(refused)) {
        std::error_code closed;
        if (sockets.contains(fs::read_symlink(file->path(), closed).string())) return true;
    }
    return false;
}

double private_memory(const fs::path& process) {
    double kilobytes = 0;
    std::ifstream lines(process / "status");
    for (std::string name; lines >> name; lines.ignore(4096, '\n')) {
        double value = 0;
        if ((name == "RssAnon:" || name == "RssFile:") && lines >> value) kilobytes += value;
    }
    return kilobytes / 1024;
}

double cpu_seconds(const fs::path& process) {
    std::ifstream file(process / "stat");
    std::string line;
    std::getline(file, line);
    std::istringstream words(line.substr(line.rfind(')') + 1)); // behind the name, which may have spaces
    std::string word;
    for (int i = 0; i < 11; i++) words >> word;
    double user = 0, system = 0;
    words >> user >> system;
    return (user + system) / double(sysconf(_SC_CLK_TCK));
}

std::optional<fs::path> process_of(const std::string& bootstrap) {
    const size_t colon = bootstrap.rfind(':');
    if (colon == std::string::npos || !local(bootstrap.substr(0, colon))) return std::nullopt;
    const auto sockets = listening_sockets(unsigned(std::stoul(bootstrap.substr(colon + 1))));
    if (sockets.empty()) return std::nullopt;
    std::error_code refused;
    for (const auto& process : fs::directory_iterator("/proc", refused))
        if (holds_one_of(process.path(), sockets)) return process.path();
    return std::nullopt;
}

std::optional<double> cpu_seconds_of(const std::string& bootstrap) {
    const auto process = process_of(bootstrap);
    return process ? std::optional(cpu_seconds(*process)) : std::nullopt;
}

} // namespace

std::optional<double> memory_of_broker(const std::string& bootstrap) {
    const auto process = process_of(bootstrap);
    return process ? std::optional(private_memory(*process)) : std::nullopt;
}

CpuOfBroker::CpuOfBroker(const std::string& bootstrap)
    : bootstrap_(bootstrap), begun_(Clock::now()), seconds_before_(cpu_seconds_of(bootstrap)) {}

std::optional<double> CpuOfBroker::percent_of_a_core() const {
    const auto used = difference(cpu_seconds_of(bootstrap_), seconds_before_);
    return used ? std::optional(100 * *used / seconds_since(begun_)) : std::nullopt;
}

std::optional<double> difference(std::optional<double> after, std::optional<double> before) {
    if (!after || !before) return std::nullopt;
    return *after - *before;
}

} // namespace bench
