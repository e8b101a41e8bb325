// measure_loopback() of disk.h.
#include "disk.h"

#include "connection.h"
#include "statistics.h"

#include <arpa/inet.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace bench {
namespace {

constexpr uint32_t frame_bytes = 1 << 20;

/// Listens on a port of 127.0.0.1 that the system chooses.
class Listener {
public:
    Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (bind(fd_, reinterpret_cast<sockaddr*>(&address), size) || listen(fd_, 1) ||
            getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size))
            throw std::runtime_error("cannot listen on the loopback");
        port_ = ntohs(address.sin_port);
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { close(fd_); }

    int port() const { return port_; }
    int accept() { return accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); }

private:
    int fd_, port_;
};

/// Sends frames until the other side is gone.
void send_frames(int fd) {
    kafka::wire::Writer frame;
    frame.big(frame_bytes);
    frame.raw(std::string(frame_bytes, 'x'));
    size_t at = 0;
    for (ssize_t sent; (sent = send(fd, frame.out.data() + at, frame.out.size() - at, MSG_NOSIGNAL)) > 0;)
        at = (at + size_t(sent)) % frame.out.size();
    close(fd);
}

} // namespace

double measure_loopback(double duration) {
    Listener listener;
    double rate = 0;
    std::thread sender;
    {
        Connection connection("127.0.0.1:" + std::to_string(listener.port()));
        sender = std::thread(send_frames, listener.accept());
        const auto begun = Clock::now();
        size_t bytes = 0;
        while (seconds_since(begun) < duration) bytes += connection.receive().size();
        rate = double(bytes) / 1e6 / seconds_since(begun);
    }
    sender.join();
    return rate;
}

} // namespace bench
