// Clients that misbehave, and the bounds of net::Server: sizes, connections, idleness, memory.
#include "net_harness.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <new>

using namespace net_test;
using Kind = kafka::net::Reply::Kind;

namespace {

/// Sends these bytes on a connection of their own; the server must close it, say why, and serve others.
void check_refused(const std::string& bytes, const std::string& notice) {
    Harness net;
    Client bad(net.port());
    bad.send(bytes);
    CHECK(bad.closed_by_server());
    CHECK(net.noticed(notice));
    CHECK(net.noticed("closing the connection of Kafka client 127.0.0.1:" + std::to_string(bad.port())));
    net.barrier();
    CHECK(eventually([&] { return net.server().stats().request_memory_used == 0; }));
}

} // namespace

TEST("net: a negative size closes the connection") {
    check_refused(size_field(-1), "size of a request is -1");
}

TEST("net: a size above the limit closes the connection at once") {
    check_refused(size_field((100 << 20) + 1), "size of a request is 104857601");
}

TEST("net: frames too small for a header close the connection") {
    for (int size = 0; size < 8; size++) check_refused(framed(std::string(size_t(size), '\0')), "closing");
}

TEST("net: an unknown API closes the connection") {
    check_refused(framed(std::string("\x7f\x00\x00\x00\x00\x00\x00\x01\xff\xff", 10)), "closing");
}

TEST("net: a version that is not served closes the connection") {
    std::string bytes = metadata(1);
    bytes[7] = 100;
    check_refused(bytes, "closing");
}

TEST("net: a body that ends too early closes the connection") {
    check_refused(framed(produce(1).substr(4, 30)), "closing");
}

TEST("net: a TLS client on a plaintext port is told apart in the log") {
    check_refused(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9) + std::string(1 << 16, 'x'), "TLS");
    check_refused("GET / HTTP/1.1\r\n\r\n", "HTTP");
}

TEST("net: the requests before a bad one are still answered, those behind it are not looked at") {
    Harness net;
    Client client(net.port());
    client.send(metadata(1) + framed("bad") + metadata(3));
    const auto request = net.next();
    net.answer(*request);
    CHECK_EQ(client.receive_correlation_id(), 1);
    CHECK(client.closed_by_server());
    CHECK(!net.any_received());
}

TEST("net: a flood of bad clients is summed up in the log") {
    Harness net;
    for (int i = 0; i < 200; i++) {
        Client bad(net.port());
        bad.send(size_field(-1));
        CHECK(bad.closed_by_server());
    }
    CHECK(net.noticed("more messages about Kafka clients were suppressed"));
    CHECK(net.notices_with("closing the connection of Kafka client") < 100);
}

TEST("net: a declared size takes no memory, and a client that vanishes in mid-request gives back what it "
     "took") {
    Harness net;
    {
        Client liar(net.port());
        liar.send(size_field(100 << 20));
        CHECK(eventually([&] { return net.server().stats().request_memory_used > 0; }));
        CHECK(net.server().stats().request_memory_used < 4096);
        liar.send(std::string(1 << 20, 'x'));
        CHECK(eventually([&] { return net.server().stats().request_memory_used > 1 << 20; }));
        CHECK(net.server().stats().request_memory_used < 3 << 20);
    }
    CHECK(eventually([&] { return net.server().stats().request_memory_used == 0; }));
}

TEST("net: request memory is given back when the request is answered, though its bytes are kept") {
    Harness net;
    Client client(net.port());
    client.send(produce(1, -1, std::string(1 << 20, 'x')));
    auto request = net.next();
    CHECK(net.server().stats().request_memory_used > 1 << 20);
    net.answer(*request);
    CHECK_EQ(client.receive_correlation_id(), 1);
    CHECK_EQ(net.server().stats().request_memory_used, 0);
    CHECK(request->frame->size() > 1 << 20);
}

TEST("net: what a request unfolds to counts as request memory") {
    Harness net;
    Client client(net.port());
    const std::string names(2 * 10'000, '\0'); // ten thousand empty names
    client.send(metadata_of(1, size_field(10'000) + names));
    auto request = net.next();
    CHECK(net.server().stats().request_memory_used > int64_t(10'000 * sizeof(std::string)));
    net.answer(*request);
    CHECK_EQ(client.receive_correlation_id(), 1);
    CHECK_EQ(net.server().stats().request_memory_used, 0);
}

TEST("net: a client that leaves behind a long poll is noticed, though it has asked for more") {
    Harness net;
    Client client(net.port());
    client.send(fetch(1) + metadata(2) + metadata(3));
    auto request = net.next();
    client.close();
    CHECK(net.connection_closed(request->id.connection));
    request.reset();
    CHECK(eventually([&] { return net.server().stats().request_memory_used == 0; }));
}

TEST("net: only so much is read of requests that wait for their turn") {
    Harness net;
    Client client(net.port());
    client.send(fetch(1));
    const auto request = net.next();
    std::string left;
    for (int i = 0; i < 2000; i++) left += metadata_of(2 + i, size_field(0) + std::string(1000, 'x'));
    const size_t sent = left.size();
    CHECK(eventually([&] { // until the sockets' buffers are full as well
        const size_t before = left.size();
        left = client.send_some(left);
        return left.size() == before;
    }));
    CHECK(net.server().stats().request_memory_used < 300 << 10);
    net.answer(*request);
    CHECK_EQ(client.receive_correlation_id(), 1);
    CHECK(left.size() < sent);
}

TEST("net: request memory is given back when a request is dropped, though its bytes are kept") {
    Harness net;
    std::shared_ptr<net::Frame> kept;
    {
        Client client(net.port());
        client.send(produce(1, -1, std::string(1 << 20, 'x')));
        auto request = net.next();
        kept = request->frame;
        client.close();
        CHECK(net.connection_closed(request->id.connection));
    }
    CHECK_EQ(net.server().stats().request_memory_used, 0);
    CHECK(kept->size() > 1 << 20);
}

TEST("net: clients beyond the limit of connections are turned away, until one leaves") {
    net::Settings settings = local_settings();
    settings.max_connections = 2;
    Harness net(settings);
    Client first(net.port());
    Client second(net.port());
    CHECK(eventually([&] { return net.server().stats().connections == 2; }));
    Client third(net.port());
    CHECK(third.closed_by_server());
    CHECK(net.noticed("too many connections"));
    first.close();
    CHECK(eventually([&] { return net.server().stats().connections == 1; }));
    net.barrier();
}

TEST("net: an idle connection is closed, one whose request is being handled is not") {
    net::Settings settings = local_settings();
    settings.connections_max_idle = std::chrono::milliseconds(50);
    Harness net(settings);
    Client busy(net.port());
    busy.send(fetch(1));
    const auto request = net.next();
    Client idle(net.port());
    CHECK(idle.closed_by_server());
    Client another(net.port());
    CHECK(another.closed_by_server());
    net.answer(*request);
    CHECK_EQ(busy.receive_correlation_id(), 1);
    CHECK(busy.closed_by_server()); // idle from here on
}

TEST("net: a trickle of bytes is no request: the connection counts as idle") {
    net::Settings settings = local_settings();
    settings.connections_max_idle = std::chrono::milliseconds(100);
    Harness net(settings);
    Client client(net.port());
    client.send(size_field(1000));
    CHECK(eventually([&] {
        client.send("x");
        return net.server().stats().connections == 0;
    }));
}

TEST("net: with little memory for requests all get through, one after the other") {
    net::Settings settings = local_settings();
    settings.request_memory = 64 << 10;
    Harness net(settings);
    constexpr int clients = 20;
    const std::string bytes =
        produce(1, -1, std::string(1 << 20, 'x')); // each needs more than all the memory
    std::vector<std::unique_ptr<Client>> all;
    std::vector<std::string> unsent(clients, bytes);
    for (int i = 0; i < clients; i++) all.push_back(std::make_unique<Client>(net.port()));
    int answered = 0;
    int64_t most_used = 0;
    CHECK(eventually([&] {
        for (size_t i = 0; i < clients; i++) unsent[i] = all[i]->send_some(unsent[i]);
        most_used = std::max(most_used, net.server().stats().request_memory_used);
        while (net.any_received()) {
            net.answer(*net.next());
            answered++;
        }
        return answered == clients;
    }));
    for (auto& client : all) CHECK_EQ(client->receive_correlation_id(), 1);
    CHECK(most_used < 6 << 20);
    CHECK(eventually([&] { return net.server().stats().request_memory_used == 0; }));
}

TEST("net: while memory is used up nothing is read, and reading goes on once the main thread has let go of a "
     "frame") {
    net::Settings settings = local_settings();
    settings.request_memory = 1 << 20;
    Harness net(settings);
    Client holder(net.port());
    holder.send(produce(1, -1, std::string(2 << 20, 'x')));
    auto request = net.next();
    Client waiting(net.port());
    waiting.send(metadata(2));
    // Once two later clients have been accepted, one after the other, that request was seen and left alone.
    CHECK(eventually([&] { return net.server().stats().connections == 2; }));
    Client third(net.port());
    CHECK(eventually([&] { return net.server().stats().connections == 3; }));
    Client fourth(net.port());
    CHECK(eventually([&] { return net.server().stats().connections == 4; }));
    CHECK(!net.any_received());
    request->frame->release_budget(); // here, on a thread that is not the net thread
    const auto second = net.next();
    CHECK_EQ(second->header.correlation_id, 2);
}

TEST("net: a client that keeps still in mid-request does not hold up the others for ever") {
    net::Settings settings = local_settings();
    settings.request_memory = 256 << 10;
    settings.max_stall = std::chrono::milliseconds(50);
    Harness net(settings);
    Client still(net.port());
    std::string unsent = size_field(100 << 20) + std::string(300 << 10, 'x');
    CHECK(eventually([&] {
        unsent = still.send_some(unsent);
        return net.server().stats().request_memory_used >= settings.request_memory;
    }));
    net.barrier(); // served only once the memory is free again
    CHECK(still.closed_by_server());
    CHECK(net.noticed("left a request unfinished"));
}

TEST("net: a client that does not read is disconnected once others want its memory; one that reads is not") {
    net::Settings settings = local_settings();
    settings.max_stall = std::chrono::milliseconds(500);
    Harness net(settings);
    const auto records = std::make_shared<const std::string>(30 << 20, 'r');
    Client still(net.port()), reader(net.port());
    std::vector<net::Reply> replies;
    for (Client* client : {&still, &reader}) {
        client->send(fetch(1));
        replies.push_back(make_reply(*net.next(), records));
    }
    net.server().reply(std::move(replies));
    net.barrier();
    CHECK_EQ(net.notices_with("did not read"), 0);
    net.response_memory_wanted = true;
    const auto frame = reader.receive();
    CHECK(frame && frame->size() > records->size());
    CHECK(net.noticed("did not read while the memory for answers was used up"));
    CHECK(eventually([&] { return records.use_count() == 1; }));
    CHECK(still.closed_by_server());
    reader.send(metadata(2));
    net.answer(*net.next());
    CHECK_EQ(reader.receive_correlation_id(), 2);
}

TEST("net: unfinished requests that fill the memory are finished one after the other") {
    net::Settings settings = local_settings();
    settings.request_memory = 256 << 10;
    Harness net(settings);
    const std::string bytes = produce(1, -1, std::string(1 << 20, 'x'));
    constexpr size_t clients = 4, step = 10'000;
    std::vector<std::unique_ptr<Client>> all;
    std::vector<std::string> unsent(clients, bytes);
    for (size_t i = 0; i < clients; i++) all.push_back(std::make_unique<Client>(net.port()));
    size_t answered = 0;
    CHECK(eventually([&] {
        for (size_t i = 0; i < clients; i++) { // a little of each, so that all are unfinished at once
            const size_t length = std::min(step, unsent[i].size());
            const size_t left = all[i]->send_some(unsent[i].substr(0, length)).size();
            unsent[i].erase(0, length - left);
        }
        for (; net.any_received(); answered++) net.answer(*net.next());
        return answered == clients;
    }));
    for (auto& client : all) CHECK_EQ(client->receive_correlation_id(), 1);
}

TEST("net: a large request behind one that waits takes no memory before its turn") {
    Harness net;
    Client client(net.port());
    client.send(fetch(1));
    const auto first = net.next();
    std::string unsent = produce(2, -1, std::string(16 << 20, 'x'));
    CHECK(eventually([&] { // until the server takes no more
        const size_t before = unsent.size();
        unsent = client.send_some(unsent);
        net.barrier();
        return unsent.size() == before;
    }));
    CHECK(!unsent.empty());
    CHECK(net.server().stats().request_memory_used < 256 << 10);
    net.answer(*first);
    CHECK(eventually([&] {
        unsent = client.send_some(unsent);
        return net.any_received();
    }));
    net.answer(*net.next());
    CHECK_EQ(client.receive_correlation_id(), 1);
    CHECK_EQ(client.receive_correlation_id(), 2);
}

TEST("net: without file descriptors clients wait, and are served when there are some") {
    Harness net;
    net.barrier();
    rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    Client client(net.port(), [&] { // the client has its own descriptor, and the server finds none
        const int lowest_free = dup(0);
        close(lowest_free);
        const rlimit none_left{rlim_t(lowest_free), before.rlim_max};
        setrlimit(RLIMIT_NOFILE, &none_left);
    });
    CHECK(net.noticed("could not accept a Kafka client"));
    client.send(metadata(1));
    setrlimit(RLIMIT_NOFILE, &before);
    const auto request = net.next();
    net.answer(*request);
    CHECK_EQ(client.receive_correlation_id(), 1);
    CHECK_EQ(net.notices_with("could not accept"), 1);
}

TEST("net: an exception while a request is handed over ends its connection and nothing else") {
    std::atomic<bool> broken = true;
    std::atomic<int> served = 0;
    net::Server server(local_settings(), {[&](net::Received&&) {
                                              if (broken) throw std::bad_alloc();
                                              served++;
                                          },
                                          [](uint64_t) {}, [](net::Notice&&) { throw std::bad_alloc(); },
                                          [] { return false; }});
    server.start();
    CHECK(eventually([&] { return server.port() != 0; }));
    Client first(server.port());
    first.send(metadata(1));
    CHECK(first.closed_by_server());
    broken = false;
    Client second(server.port());
    second.send(metadata(1));
    CHECK(eventually([&] { return served == 1; }));
}

TEST("net: signals stay with the threads that had them") {
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, nullptr, &before);
    Harness net;
    pthread_sigmask(SIG_SETMASK, nullptr, &after);
    CHECK_EQ(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
    CHECK_EQ(sigismember(&after, SIGUSR1), 0);
}
