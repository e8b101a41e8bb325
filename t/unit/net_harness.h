// A real net::Server on 127.0.0.1 and plain blocking client sockets to talk to it; no sleeping, only waiting
// for conditions with a deadline. The test's own thread plays the main thread; callbacks come on the net
// thread.
#pragma once
#include "net/server.h"
#include "test.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace net_test {

using namespace kafka;

/// Settings for a test: any free port of 127.0.0.1.
net::Settings local_settings();
/// Asks again and again until `condition` holds; false if it does not within some seconds.
bool eventually(const std::function<bool()>& condition);

// Requests as frames, with their size field.
std::string framed(const std::string& body);
std::string api_versions(int32_t correlation_id);
std::string metadata(int32_t correlation_id);
/// The same with a body: topic names.
std::string metadata_of(int32_t correlation_id, const std::string& body);
std::string produce(int32_t correlation_id, int16_t acks = -1, const std::string& records = "records");
/// Stands for a long poll: the test just does not answer it for a while.
std::string fetch(int32_t correlation_id);
/// The big-endian size field alone.
std::string size_field(int32_t size);

/// A blocking client socket.
class Client {
public:
    /// `before_connect` runs when there is a socket, but no connection yet.
    explicit Client(
        uint16_t port, const std::function<void()>& before_connect = [] {});
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(const std::string& bytes);
    /// Sends as much as the server takes for now; returns the rest.
    std::string send_some(const std::string& bytes);
    /// The next response without its size field; nothing if the server closed the connection or seconds
    /// passed.
    std::optional<std::string> receive();
    /// The correlation id of the next response; -1 if there is none.
    int32_t receive_correlation_id();
    /// True if the server closes the connection, perhaps after further bytes.
    bool closed_by_server();
    void close();
    uint16_t port() const; ///< the client's own

private:
    bool receive_exactly(char* to, size_t bytes);
    int socket_;
};

class Harness {
public:
    explicit Harness(net::Settings settings = local_settings(), status::Board* board = nullptr);

    net::Server& server() { return server_; }
    std::atomic<bool> response_memory_wanted = false; ///< what the server is told
    /// The port, once the server listens; 0 if it does not.
    uint16_t port();
    /// The next request, once it comes; throws if none does.
    std::unique_ptr<net::Received> next();
    bool any_received();
    bool connection_closed(uint64_t connection);
    /// True once a notice with this text in any of its parts has come.
    bool noticed(const std::string& text);
    int notices_with(const std::string& text);

    /// Answers with an empty response of the request's API.
    void answer(const net::Received& request);
    void reply(const net::Received& request, net::Reply::Kind kind);
    /// A request of another connection is received and answered: what the net thread had to do before is
    /// done.
    void barrier();

private:
    template <class Condition> bool wait(Condition condition);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<net::Received> received_;
    std::vector<uint64_t> closed_;
    std::vector<net::Notice> notices_;
    net::Server server_;
};

/// The reply of this kind to a request; an empty response of its API.
net::Reply make_reply(const net::Received& request, net::Reply::Kind kind);
/// The reply to a Fetch request with these bytes as the records of one partition.
net::Reply make_reply(const net::Received& request, std::shared_ptr<const std::string> records);

} // namespace net_test
