// What clients see of net::Server: framing, and answers in the order of requests.
#include "net_harness.h"

#include <algorithm>

using namespace net_test;
using Kind = kafka::net::Reply::Kind;

TEST("net: a request is decoded, handed over with its addresses, and answered") {
    Harness net;
    Client client(net.port());
    client.send(metadata(7));
    const auto request = net.next();
    CHECK_EQ(request->header.api_key, 3);
    CHECK_EQ(request->header.correlation_id, 7);
    CHECK_EQ(request->header.client_id.value_or(""), std::string("test"));
    CHECK(std::holds_alternative<kafka::wire::metadata::Request>(request->request));
    CHECK_EQ(request->local->host, std::string("127.0.0.1"));
    CHECK_EQ(request->local->port, net.port());
    CHECK_EQ(request->peer->port, client.port());
    net.answer(*request);
    CHECK_EQ(client.receive_correlation_id(), 7);
}

TEST("net: a request that comes one byte at a time is put together") {
    Harness net;
    Client client(net.port());
    const std::string bytes = produce(3, -1, "some records");
    for (const char byte : bytes) client.send(std::string(1, byte));
    const auto request = net.next();
    const auto* produce = std::get_if<kafka::wire::produce::Request>(&request->request);
    CHECK(produce != nullptr);
    if (produce) CHECK_EQ(produce->topic_data.at(0).partition_data.at(0).records.data, "some records");
    CHECK_EQ(request->frame->view(), std::string_view(bytes).substr(4));
}

TEST("net: views of a request point into its frame") {
    Harness net;
    Client client(net.port());
    client.send(produce(3, -1, "records"));
    const auto request = net.next();
    const auto& records = std::get<kafka::wire::produce::Request>(request->request)
                              .topic_data.at(0)
                              .partition_data.at(0)
                              .records;
    CHECK(records.data.data() >= request->frame->data());
    CHECK(records.data.data() + records.data.size() <= request->frame->data() + request->frame->size());
}

TEST("net: several requests in one packet are answered one after the other") {
    Harness net;
    Client client(net.port());
    client.send(api_versions(1) + metadata(2) + metadata(3));
    for (int32_t id = 1; id <= 3; id++) {
        const auto request = net.next();
        CHECK_EQ(request->header.correlation_id, id);
        net.barrier();
        CHECK(!net.any_received()); // the one behind it waits
        net.answer(*request);
    }
    for (int32_t id = 1; id <= 3; id++) CHECK_EQ(client.receive_correlation_id(), id);
}

TEST("net: a megabyte of records arrives whole") {
    Harness net;
    Client client(net.port());
    std::string records(3 << 20, '\0');
    for (size_t i = 0; i < records.size(); i++) records[i] = char(i * 31 + i / 256);
    client.send(produce(1, -1, records) + metadata(2));
    const auto request = net.next();
    const auto& got = std::get<kafka::wire::produce::Request>(request->request)
                          .topic_data.at(0)
                          .partition_data.at(0)
                          .records;
    CHECK(got.data == records);
    net.answer(*request);
    const auto following = net.next();
    CHECK_EQ(following->header.correlation_id, 2);
}

TEST("net: several Produce are in flight, and answers given out of order leave in order") {
    Harness net;
    Client client(net.port());
    client.send(produce(1) + produce(2) + produce(3));
    std::vector<kafka::net::Received> requests;
    for (int i = 0; i < 3; i++) requests.push_back(std::move(*net.next()));
    CHECK_EQ(requests.size(), 3u);
    net.answer(requests[2]);
    net.answer(requests[1]);
    net.answer(requests[0]);
    for (int32_t id = 1; id <= 3; id++) CHECK_EQ(client.receive_correlation_id(), id);
}

TEST("net: a request of another API waits for the Produce before it, and a Produce for what is before it") {
    Harness net;
    Client client(net.port());
    client.send(produce(1) + metadata(2) + produce(3));
    for (int32_t id = 1; id <= 3; id++) {
        const auto request = net.next();
        CHECK_EQ(request->header.correlation_id, id);
        net.barrier();
        CHECK(!net.any_received());
        net.answer(*request);
        CHECK_EQ(client.receive_correlation_id(), id);
    }
}

TEST("net: at most 64 Produce of a connection are in flight") {
    Harness net;
    Client client(net.port());
    std::string bytes;
    for (int32_t id = 0; id < 100; id++) bytes += produce(id);
    client.send(bytes);
    std::vector<kafka::net::Received> requests;
    while (requests.size() < 64) requests.push_back(std::move(*net.next()));
    net.barrier();
    CHECK(!net.any_received());
    for (int32_t id = 0; id < 100; id++) {
        net.answer(requests.at(size_t(id)));
        CHECK_EQ(client.receive_correlation_id(), id);
        if (requests.size() < 100) requests.push_back(std::move(*net.next()));
    }
}

TEST("net: a Produce with acks=0 gets no response and does not hold up those behind it") {
    Harness net;
    Client client(net.port());
    client.send(produce(1, 0) + metadata(2));
    const auto first = net.next();
    net.reply(*first, Kind::no_response);
    const auto second = net.next();
    CHECK_EQ(second->header.correlation_id, 2);
    net.answer(*second);
    CHECK_EQ(client.receive_correlation_id(), 2);
}

TEST("net: a reply that closes lets the replies before it leave first") {
    Harness net;
    Client client(net.port());
    client.send(produce(1) + produce(2, 0) + produce(3));
    const auto first = net.next(), second = net.next(), third = net.next();
    net.answer(*third);
    net.reply(*second, Kind::close);
    net.answer(*first);
    CHECK_EQ(client.receive_correlation_id(), 1);
    CHECK(client.closed_by_server());
    CHECK(net.connection_closed(first->id.connection));
    CHECK(net.noticed("The test says so."));
}

TEST("net: a client that leaves during a long poll is noticed, and the late reply is dropped") {
    Harness net;
    std::unique_ptr<kafka::net::Received> request;
    {
        Client client(net.port());
        client.send(fetch(1));
        request = net.next();
    }
    CHECK(net.connection_closed(request->id.connection));
    net.answer(*request);
    net.answer(*request);
    net.barrier();
}

TEST("net: a second reply to a request is ignored") {
    Harness net;
    Client client(net.port());
    client.send(metadata(1));
    const auto request = net.next();
    net.answer(*request);
    net.answer(*request);
    CHECK_EQ(client.receive_correlation_id(), 1);
    client.send(metadata(2));
    const auto other = net.next();
    net.answer(*other);
    CHECK_EQ(client.receive_correlation_id(), 2);
}

TEST("net: a client that does not read its answer delays nobody else and gets it whole later") {
    Harness net;
    Client slow(net.port());
    slow.send(fetch(1) + metadata(2));
    const auto request = net.next();
    const auto records = std::make_shared<const std::string>(30 << 20, 'r');
    std::vector<kafka::net::Reply> replies;
    replies.push_back(make_reply(*request, records));
    net.server().reply(std::move(replies));
    net.barrier();
    CHECK(!net.any_received()); // the request behind it waits until the answer is taken
    const auto frame = slow.receive();
    CHECK(frame && frame->size() > records->size());
    CHECK(frame && frame->find(std::string(1000, 'r')) != std::string::npos);
    const auto behind = net.next();
    CHECK_EQ(behind->header.correlation_id, 2);
    CHECK(eventually([&] { return records.use_count() <= 2; })); // the sent slice was let go
}

TEST("net: many clients are served at once, each in its own order") {
    Harness net;
    constexpr int clients = 50, requests = 20;
    std::vector<std::unique_ptr<Client>> all;
    for (int i = 0; i < clients; i++) all.push_back(std::make_unique<Client>(net.port()));
    for (int32_t id = 0; id < requests; id++)
        for (auto& client : all) client->send(metadata(id));
    for (int i = 0; i < clients * requests; i++) {
        const auto request = net.next();
        net.answer(*request);
    }
    for (auto& client : all)
        for (int32_t id = 0; id < requests; id++) CHECK_EQ(client->receive_correlation_id(), id);
    CHECK_EQ(net.server().stats().connections, size_t(clients));
}

TEST("net: connections are logged if that is asked for") {
    net::Settings settings = local_settings();
    settings.log_connections = true;
    Harness net(settings);
    uint16_t port = 0;
    {
        Client client(net.port());
        port = client.port();
        CHECK(net.noticed("connection received: host=127.0.0.1 port=" + std::to_string(port)));
    }
    CHECK(net.noticed("disconnection: host=127.0.0.1 port=" + std::to_string(port)));
}
