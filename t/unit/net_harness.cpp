// A real net::Server and client sockets for tests. See net_harness.h.
#include "net_harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace net_test {
namespace {

constexpr std::chrono::seconds deadline{60}; // far more than anything needs on a machine that has time for it

/// Newer versions of libuv use io_uring, whose work interrupts calls that have a time limit, in any thread.
template <class Call> ssize_t uninterrupted(Call call) {
    ssize_t result;
    do result = call();
    while (result < 0 && errno == EINTR);
    return result;
}

std::string header(int16_t api_key, int16_t version, int32_t correlation_id) {
    wire::Writer out;
    out.big(api_key);
    out.big(version);
    out.big(correlation_id);
    out.big(int16_t(4));
    out.raw("test");
    return out.out;
}

wire::Response empty_response(const wire::Request& request) {
    return std::visit(
        [](const auto& r) { return wire::Response(typename std::decay_t<decltype(r)>::Response{}); },
        request);
}

} // namespace

net::Settings local_settings() {
    net::Settings settings;
    settings.hosts = {"127.0.0.1"};
    settings.port = 0;
    return settings;
}

bool eventually(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

std::string size_field(int32_t size) {
    wire::Writer out;
    out.big(size);
    return out.out;
}

std::string framed(const std::string& body) { return size_field(int32_t(body.size())) + body; }

std::string api_versions(int32_t correlation_id) { return framed(header(18, 0, correlation_id)); }

std::string metadata_of(int32_t correlation_id, const std::string& body) {
    return framed(header(3, 0, correlation_id) + body);
}

std::string metadata(int32_t correlation_id) { return framed(header(3, 0, correlation_id) + size_field(0)); }

std::string produce(int32_t correlation_id, int16_t acks, const std::string& records) {
    wire::Writer out;
    out.raw(header(0, 3, correlation_id));
    out.big(int16_t(-1)); // transactional_id
    out.big(acks);
    out.big(int32_t(1000)); // timeout_ms
    out.big(int32_t(1));    // topics
    out.big(int16_t(1));
    out.raw("t");
    out.big(int32_t(1)); // partitions
    out.big(int32_t(0));
    out.big(int32_t(records.size()));
    out.raw(records);
    return framed(out.out);
}

std::string fetch(int32_t correlation_id) {
    wire::Writer out;
    out.raw(header(1, 4, correlation_id));
    out.big(int32_t(-1));      // replica_id
    out.big(int32_t(500));     // max_wait_ms
    out.big(int32_t(1));       // min_bytes
    out.big(int32_t(1 << 20)); // max_bytes
    out.big(int8_t(0));        // isolation_level
    out.big(int32_t(0));       // topics
    return framed(out.out);
}

Client::Client(uint16_t port, const std::function<void()>& before_connect)
    : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    before_connect();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        close();
        return;
    }
    const timeval patience{deadline.count(), 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

Client::~Client() { close(); }

void Client::close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
}

void Client::send(const std::string& bytes) {
    for (size_t sent = 0; sent < bytes.size();) {
        const ssize_t n = uninterrupted(
            [&] { return ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL); });
        if (n <= 0) return;
        sent += size_t(n);
    }
}

std::string Client::send_some(const std::string& bytes) {
    size_t sent = 0;
    while (sent < bytes.size()) {
        const ssize_t n =
            ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n <= 0) break;
        sent += size_t(n);
    }
    return bytes.substr(sent);
}

bool Client::receive_exactly(char* to, size_t bytes) {
    while (bytes > 0) {
        const ssize_t n = uninterrupted([&] { return recv(socket_, to, bytes, 0); });
        if (n <= 0) return false;
        to += n;
        bytes -= size_t(n);
    }
    return true;
}

std::optional<std::string> Client::receive() {
    std::string size(4, '\0');
    if (!receive_exactly(size.data(), size.size())) return std::nullopt;
    std::string frame(size_t(wire::Reader(size).big<int32_t>()), '\0');
    if (!receive_exactly(frame.data(), frame.size())) return std::nullopt;
    return frame;
}

int32_t Client::receive_correlation_id() {
    const std::optional<std::string> frame = receive();
    return frame ? wire::Reader(*frame).big<int32_t>() : -1;
}

bool Client::closed_by_server() {
    char bytes[4096];
    ssize_t n = 1;
    while (n > 0) n = uninterrupted([&] { return recv(socket_, bytes, sizeof bytes, 0); });
    return n == 0 || errno == ECONNRESET;
}

uint16_t Client::port() const {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    return ntohs(address.sin_port);
}

Harness::Harness(net::Settings settings, status::Board* board)
    : server_(std::move(settings),
              {[this](net::Received&& request) {
                   const std::lock_guard lock(mutex_);
                   received_.push_back(std::move(request));
                   changed_.notify_all();
               },
               [this](uint64_t connection) {
                   const std::lock_guard lock(mutex_);
                   closed_.push_back(connection);
                   changed_.notify_all();
               },
               [this](net::Notice&& notice) {
                   const std::lock_guard lock(mutex_);
                   notices_.push_back(std::move(notice));
                   changed_.notify_all();
               },
               [this] { return response_memory_wanted.load(); }},
              board) {
    server_.start();
}

template <class Condition> bool Harness::wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, deadline, condition);
}

uint16_t Harness::port() {
    eventually([this] { return server_.port() != 0; });
    return server_.port();
}

std::unique_ptr<net::Received> Harness::next() {
    if (!wait([this] { return !received_.empty(); })) throw std::runtime_error("no request came");
    const std::lock_guard lock(mutex_);
    auto request = std::make_unique<net::Received>(std::move(received_.front()));
    received_.pop_front();
    return request;
}

bool Harness::any_received() {
    const std::lock_guard lock(mutex_);
    return !received_.empty();
}

bool Harness::connection_closed(uint64_t connection) {
    return wait([&] { return std::count(closed_.begin(), closed_.end(), connection) == 1; });
}

int Harness::notices_with(const std::string& text) {
    const std::lock_guard lock(mutex_);
    int found = 0;
    for (const net::Notice& notice : notices_)
        found += (notice.message + "\n" + notice.detail + "\n" + notice.hint).find(text) != std::string::npos;
    return found;
}

bool Harness::noticed(const std::string& text) {
    return eventually([&] { return notices_with(text) > 0; });
}

net::Reply make_reply(const net::Received& request, net::Reply::Kind kind) {
    return {request.id, request.header.api_version,      request.header.correlation_id,
            kind,       empty_response(request.request), "The test says so."};
}

net::Reply make_reply(const net::Received& request, std::shared_ptr<const std::string> records) {
    net::Reply reply = make_reply(request, net::Reply::Kind::response);
    wire::fetch::PartitionData partition;
    partition.records = {{{records, *records}}, false};
    std::get<wire::fetch::Response>(reply.response).responses = {{"t", {}, {partition}}};
    return reply;
}

void Harness::reply(const net::Received& request, net::Reply::Kind kind) {
    std::vector<net::Reply> replies;
    replies.push_back(make_reply(request, kind));
    server_.reply(std::move(replies));
}

void Harness::answer(const net::Received& request) { reply(request, net::Reply::Kind::response); }

void Harness::barrier() {
    Client other(port());
    other.send(metadata(1));
    const auto is_mine = [&] {
        return std::any_of(received_.begin(), received_.end(),
                           [&](const net::Received& request) { return request.peer->port == other.port(); });
    };
    CHECK(wait(is_mine));
    std::unique_lock lock(mutex_);
    for (auto request = received_.begin(); request != received_.end(); ++request) {
        if (request->peer->port != other.port()) continue;
        const net::Received mine = std::move(*request);
        received_.erase(request);
        lock.unlock();
        answer(mine);
        break;
    }
    CHECK_EQ(other.receive_correlation_id(), 1);
}

} // namespace net_test
