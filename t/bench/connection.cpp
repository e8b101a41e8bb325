// See connection.h.
#include "connection.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace bench {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

int connect_to(const std::string& bootstrap) {
    const size_t colon = bootstrap.rfind(':');
    if (colon == std::string::npos) throw std::invalid_argument("not host:port: " + bootstrap);
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(bootstrap.substr(0, colon).c_str(), bootstrap.substr(colon + 1).c_str(), &hints, &found))
        throw std::runtime_error("cannot resolve " + bootstrap);
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
    for (const addrinfo* address = found; address; address = address->ai_next) {
        const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) == 0) return fd;
        if (fd >= 0) close(fd);
    }
    throw std::runtime_error("cannot connect to " + bootstrap);
}

} // namespace

Connection::Connection(const std::string& bootstrap) : fd_(connect_to(bootstrap)), buffer_(4096) {
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Connection::~Connection() { close(fd_); }

void Connection::send(View bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0) fail("send");
        bytes.remove_prefix(size_t(sent));
    }
}

size_t Connection::send_some(View bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return size_t(sent);
    if (errno == EAGAIN) return 0;
    fail("send");
}

size_t Connection::wanted() const {
    return 4 + kafka::wire::Reader({buffer_.data() + begin_, 4}).big<uint32_t>();
}

/// Reads behind what is there. Returns how much; 0 only where nothing has arrived and nobody wanted to wait.
size_t Connection::read(size_t least, size_t most, int flags) {
    if (begin_ > 0 && buffer_.size() - end_ < least) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (buffer_.size() - end_ < least) buffer_.resize(end_ + least);
    const ssize_t got = recv(fd_, buffer_.data() + end_, std::min(most, buffer_.size() - end_), flags);
    if (got == 0) throw std::runtime_error("the broker closed the connection");
    if (got < 0 && errno == EAGAIN) return 0;
    if (got < 0) fail("receive");
    end_ += size_t(got);
    return size_t(got);
}

View Connection::take() {
    const size_t size = wanted();
    const View frame(buffer_.data() + begin_ + 4, size - 4);
    begin_ += size;
    if (begin_ == end_) begin_ = end_ = 0; // the bytes stay until the next read
    return frame;
}

View Connection::receive() {
    while (end_ - begin_ < 4) read(4, 4 - (end_ - begin_), MSG_WAITALL);
    while (!whole()) {
        const size_t missing = wanted() - (end_ - begin_);
        read(missing, missing, MSG_WAITALL); // one wake-up for all of it
    }
    return take();
}

std::optional<View> Connection::received() {
    while (!whole()) {
        const size_t least = end_ - begin_ < 4 ? 4 : wanted() - (end_ - begin_);
        if (read(least, SIZE_MAX, MSG_DONTWAIT) == 0) return std::nullopt;
    }
    return take();
}

void allow_many_connections() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace bench
