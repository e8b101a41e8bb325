// What net::Server writes on the notice board.
#include "net_harness.h"

#include "status/board.h"

#include <array>

using namespace net_test;
using Kind = kafka::net::Reply::Kind;
namespace status = kafka::status;

namespace {

constexpr size_t slots = 2;

struct Memory {
    alignas(status::Board)
        std::array<std::byte, sizeof(status::Board) + slots * sizeof(status::ConnectionSlot)> bytes;
};

/// A server with a board that lists two connections.
class WatchedServer {
public:
    status::Board& board() { return board_; }
    Harness& net() { return net_; }

    /// The position of a request's API in wire::apis().
    status::ApiFigures& api(const char* name) {
        for (size_t i = 0; i < kafka::wire::apis().size(); i++)
            if (std::string(kafka::wire::apis()[i].name) == name) return board_.net.apis[i];
        throw std::runtime_error("no such API");
    }
    std::vector<status::ConnectionSlot::Copy> connections() {
        std::vector<status::ConnectionSlot::Copy> listed;
        for (const status::ConnectionSlot& slot : board_.slots()) {
            status::ConnectionSlot::Copy copy;
            if (slot.read(copy) == status::ConnectionSlot::Outcome::copied) listed.push_back(copy);
        }
        return listed;
    }

private:
    Memory memory_;
    status::Board& board_ = status::Board::make(memory_.bytes);
    Harness net_{local_settings(), &board_};
};

std::string api_versions_3(int32_t correlation_id, const std::string& name) {
    kafka::wire::Writer out;
    out.big(int16_t(18));
    out.big(int16_t(3));
    out.big(correlation_id);
    out.big(int16_t(5));
    out.raw("other");
    out.uvarint(0);
    out.uvarint(uint32_t(name.size() + 1));
    out.raw(name);
    out.uvarint(4);
    out.raw("1.2");
    out.uvarint(0);
    return framed(out.out);
}

} // namespace

TEST("net figures: a connection is listed with what it tells, and its traffic is counted") {
    WatchedServer server;
    Client client(server.net().port());
    const std::string request = metadata(1);
    client.send(request);
    const auto received = server.net().next();
    CHECK(eventually(
        [&] { return server.connections().size() == 1 && server.connections()[0].in_flight == 1; }));
    const auto row = server.connections().at(0);
    CHECK_EQ(row.client.address.view(), "127.0.0.1");
    CHECK_EQ(row.client.port, uint64_t(client.port()));
    CHECK_EQ(row.client.client_id.view(), "test");
    CHECK_EQ(row.client.software_name.view(), "");
    CHECK(row.client.since_ms > int64_t(1'700'000'000'000));
    CHECK_EQ(row.requests, uint64_t(1));
    CHECK_EQ(row.bytes_received, uint64_t(request.size()));
    CHECK_EQ(server.api("Metadata").requests.get(), uint64_t(1));
    CHECK_EQ(server.api("Metadata").latency.read().count, uint64_t(0));

    server.net().answer(*received);
    const size_t answer = 4 + client.receive()->size();
    CHECK(eventually([&] { return server.connections()[0].bytes_sent == answer; }));
    CHECK_EQ(server.board().net.bytes_sent.get(), uint64_t(answer));
    CHECK_EQ(server.board().net.bytes_received.get(), uint64_t(request.size()));
    CHECK_EQ(server.api("Metadata").latency.read().count, uint64_t(1));
    CHECK_EQ(server.api("Metadata").errors.get(), uint64_t(0));
    CHECK(eventually([&] { return server.connections()[0].in_flight == 0; }));

    client.send(api_versions_3(2, "lib"));
    server.net().answer(*server.net().next());
    CHECK_EQ(client.receive_correlation_id(), 2);
    const auto named = server.connections().at(0);
    CHECK_EQ(named.client.client_id.view(), "other");
    CHECK_EQ(named.client.software_name.view(), "lib");
    CHECK_EQ(named.client.software_version.view(), "1.2");
    CHECK_EQ(named.client.id, row.client.id);

    client.close();
    CHECK(eventually([&] { return server.connections().empty(); }));
    CHECK_EQ(server.board().net.accepted.get(), uint64_t(1));
    CHECK(eventually([&] { return server.board().net.connections.get() == 0; }));
}

TEST("net figures: connections beyond the slots are served and counted") {
    WatchedServer server;
    std::vector<std::unique_ptr<Client>> clients;
    for (int32_t i = 0; i < 3; i++) {
        clients.push_back(std::make_unique<Client>(server.net().port()));
        clients.back()->send(metadata(i));
        server.net().answer(*server.net().next());
        CHECK_EQ(clients.back()->receive_correlation_id(), i);
    }
    CHECK_EQ(server.connections().size(), slots);
    CHECK_EQ(server.board().net.connections.get(), uint64_t(3));
    CHECK_EQ(server.api("Metadata").requests.get(), uint64_t(3));
    clients[0].reset();
    CHECK(eventually([&] { return server.connections().size() == slots - 1; }));
    clients.push_back(std::make_unique<Client>(server.net().port()));
    CHECK(eventually([&] { return server.connections().size() == slots; }));
}

TEST("net figures: errors are responses with an error inside, and connections closed instead of one") {
    WatchedServer server;
    Client client(server.net().port());
    client.send(metadata(1));
    auto request = server.net().next();
    auto reply = make_reply(*request, Kind::response);
    kafka::wire::metadata::Response response;
    response.topics.emplace_back().partitions.emplace_back().error_code =
        kafka::wire::ErrorCode::leader_not_available;
    reply.response = response;
    std::vector<kafka::net::Reply> replies;
    replies.push_back(std::move(reply));
    server.net().server().reply(std::move(replies));
    CHECK_EQ(client.receive_correlation_id(), 1);
    CHECK_EQ(server.api("Metadata").errors.get(), uint64_t(1));

    client.send(produce(2, 0));
    server.net().reply(*server.net().next(), Kind::no_response);
    client.send(produce(3, 0));
    server.net().reply(*server.net().next(), Kind::close);
    CHECK(client.closed_by_server());
    CHECK_EQ(server.api("Produce").requests.get(), uint64_t(2));
    CHECK_EQ(server.api("Produce").errors.get(), uint64_t(1));
    CHECK_EQ(server.api("Produce").latency.read().count, uint64_t(2));
    CHECK_EQ(server.api("Metadata").errors.get(), uint64_t(1));
}

TEST("net figures: what cannot be decoded is counted, but for no API") {
    WatchedServer server;
    Client client(server.net().port());
    client.send(framed("nonsense in here"));
    CHECK(client.closed_by_server());
    CHECK_EQ(server.board().net.malformed.get(), uint64_t(1));
    for (const status::ApiFigures& api : server.board().net.apis) {
        CHECK_EQ(api.requests.get(), uint64_t(0));
        CHECK_EQ(api.latency.read().count, uint64_t(0));
    }
}
