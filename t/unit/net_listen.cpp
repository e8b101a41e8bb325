// Where net::Server listens, how that changes while it runs, and how it ends.
#include "net_harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace net_test;
using Kind = kafka::net::Reply::Kind;

namespace {

/// Holds a port of 127.0.0.1, as another server would.
class OtherServer {
public:
    OtherServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        bind(socket_, reinterpret_cast<sockaddr*>(&address_), sizeof address_);
        listen(socket_, 1);
        socklen_t length = sizeof address_;
        getsockname(socket_, reinterpret_cast<sockaddr*>(&address_), &length);
    }
    ~OtherServer() { stop(); }
    void stop() {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }
    uint16_t port() const { return ntohs(address_.sin_port); }

private:
    int socket_;
    sockaddr_in address_{};
};

/// A port that was free a moment ago.
uint16_t free_port() { return OtherServer().port(); }

bool can_connect(int family, uint16_t port) {
    sockaddr_storage storage{};
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    storage.ss_family = sa_family_t(family);
    (family == AF_INET ? v4.sin_port : v6.sin6_port) = htons(port);
    if (family == AF_INET) v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (family == AF_INET6) v6.sin6_addr = in6addr_loopback;
    const int socket = ::socket(family, SOCK_STREAM, 0);
    const bool connected = connect(socket, reinterpret_cast<sockaddr*>(&storage), sizeof storage) == 0;
    ::close(socket);
    return connected;
}

bool has_ipv6() {
    const int socket = ::socket(AF_INET6, SOCK_STREAM, 0);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    const bool bound = bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    return bound;
}

} // namespace

TEST("net: the server says where it listens") {
    Harness net;
    const uint16_t port = net.port();
    CHECK(port != 0);
    CHECK(net.noticed("listening for Kafka clients on 127.0.0.1:" + std::to_string(port)));
}

TEST("net: an address that is named twice is bound once") {
    net::Settings settings = local_settings();
    settings.hosts = {"localhost", "127.0.0.1", "localhost"};
    Harness net(settings);
    const uint16_t port = net.port();
    net.barrier();
    CHECK_EQ(net.notices_with("listening for Kafka clients on 127.0.0.1:" + std::to_string(port)), 1);
    CHECK_EQ(net.notices_with("could not"), 0);
}

TEST("net: a star stands for all addresses, IPv4 and IPv6") {
    net::Settings settings = local_settings();
    settings.hosts = {"*", "127.0.0.1"};
    Harness net(settings);
    CHECK(can_connect(AF_INET, net.port()));
    if (has_ipv6()) CHECK(can_connect(AF_INET6, net.port()));
    CHECK_EQ(net.notices_with("could not"), 0);
}

TEST("net: the wildcards of both families can be named side by side") {
    net::Settings settings = local_settings();
    settings.hosts = {"0.0.0.0", "::"};
    if (!has_ipv6()) settings.hosts.pop_back();
    Harness net(settings);
    CHECK(can_connect(AF_INET, net.port()));
    if (has_ipv6()) CHECK(can_connect(AF_INET6, net.port()));
    CHECK_EQ(net.notices_with("could not"), 0);
}

TEST("net: a port in use is reported once and bound when it is free") {
    OtherServer other;
    net::Settings settings = local_settings();
    settings.port = other.port();
    Harness net(settings);
    CHECK(net.noticed("could not listen for Kafka clients on 127.0.0.1:" + std::to_string(other.port())));
    CHECK(net.noticed("Is another server running on port " + std::to_string(other.port())));
    CHECK_EQ(net.server().port(), 0);
    other.stop();
    CHECK_EQ(net.port(), other.port());
    CHECK_EQ(net.notices_with("could not listen"), 1);
    CHECK(net.noticed("listening for Kafka clients"));
    net.barrier();
}

TEST("net: a host that cannot be resolved is reported, and the others are served") {
    net::Settings settings = local_settings();
    settings.hosts = {"no such host", "127.0.0.1"};
    Harness net(settings);
    CHECK(net.noticed("could not resolve pg_kafka.host \"no such host\""));
    net.barrier();
}

TEST("net: a changed port takes effect, and open connections stay") {
    Harness net;
    const uint16_t old_port = net.port();
    Client client(old_port);
    CHECK(eventually([&] { return net.server().stats().connections == 1; }));
    net::Settings settings = local_settings();
    settings.port = free_port();
    net.server().apply(settings);
    CHECK(eventually([&] { return net.server().port() == settings.port; }));
    CHECK(!can_connect(AF_INET, old_port));
    net.barrier();
    client.send(metadata(5));
    const auto request = net.next();
    net.answer(*request);
    CHECK_EQ(client.receive_correlation_id(), 5);
}

TEST("net: an added host does not touch the sockets that are there") {
    Harness net;
    const uint16_t port = net.port();
    net::Settings settings = local_settings();
    settings.hosts = {"127.0.0.1", "127.0.0.2"};
    net.server().apply(settings);
    CHECK(net.noticed("listening for Kafka clients on 127.0.0.2:" + std::to_string(port)));
    CHECK_EQ(net.notices_with("listening for Kafka clients on 127.0.0.1:" + std::to_string(port)), 1);
    settings.hosts = {"127.0.0.2"};
    net.server().apply(settings);
    CHECK(eventually([&] { return !can_connect(AF_INET, port); }));
    CHECK_EQ(net.server().port(), port);
}

TEST("net: a server that does not serve has no listener and no clients, until it serves again") {
    Harness net;
    const uint16_t port = net.port();
    Client client(port);
    client.send(fetch(1));
    const auto request = net.next();
    net::Settings settings = local_settings();
    settings.serving = false;
    net.server().apply(settings);
    CHECK(client.closed_by_server());
    CHECK(net.connection_closed(request->id.connection));
    CHECK(eventually([&] { return net.server().port() == 0; }));
    CHECK(!can_connect(AF_INET, port));
    settings.serving = true;
    net.server().apply(settings);
    CHECK(net.port() != 0);
    net.barrier();
}

TEST("net: a smaller idle time is applied to connections that are there") {
    Harness net;
    Client client(net.port());
    CHECK(eventually([&] { return net.server().stats().connections == 1; }));
    net::Settings settings = local_settings();
    settings.connections_max_idle = std::chrono::milliseconds(20);
    net.server().apply(settings);
    CHECK(client.closed_by_server());
}

TEST("net: stopping sends the replies that were posted, then closes") {
    Harness net;
    Client client(net.port());
    Client waiting(net.port());
    waiting.send(fetch(9));
    const auto parked = net.next();
    std::string bytes;
    for (int32_t id = 0; id < 50; id++) bytes += produce(id);
    client.send(bytes);
    std::vector<kafka::net::Reply> replies;
    for (int i = 0; i < 50; i++) replies.push_back(make_reply(*net.next(), Kind::response));
    net.server().reply(std::move(replies));
    net.server().stop(std::chrono::seconds(10));
    for (int32_t id = 0; id < 50; id++) CHECK_EQ(client.receive_correlation_id(), id);
    CHECK(client.closed_by_server());
    CHECK(waiting.closed_by_server());
    CHECK(net.connection_closed(parked->id.connection));
}

TEST("net: stopping waits no longer than it was told for a client that does not read") {
    Harness net;
    Client slow(net.port());
    slow.send(fetch(1));
    const auto request = net.next();
    const auto records = std::make_shared<const std::string>(30 << 20, 'r');
    std::vector<kafka::net::Reply> replies;
    replies.push_back(make_reply(*request, records));
    net.server().reply(std::move(replies));
    net.server().stop(std::chrono::milliseconds(50));
    CHECK(slow.closed_by_server());
}

TEST("net: a server can be stopped twice, and a server that was never started can be destroyed") {
    Harness net;
    net.port();
    net.server().stop(std::chrono::seconds(1));
    net.server().stop(std::chrono::seconds(1));
    net.server().reply({});
    net.server().apply(local_settings());
    net::Server never({}, {});
}

TEST("net: a frame that is kept may outlive its server") {
    std::shared_ptr<net::Frame> kept;
    {
        Harness net;
        Client client(net.port());
        client.send(produce(1));
        kept = net.next()->frame;
    }
    CHECK(kept && kept->size() > 0);
}
