// What one connection adds to the notice board (status/board.h): its own row, and its part of the sums. Net thread.
#pragma once
#include "net/address.h"
#include "net/pipeline.h"
#include "status/board.h"
#include "wire/requests.h"

#include <cstdint>
#include <string>

namespace kafka::net {

class ConnectionFigures {
public:
    ConnectionFigures(status::NetFigures& sums, status::ConnectionTable& table)
        : sums_(sums), table_(table) {}
    ~ConnectionFigures() { closed(); }
    ConnectionFigures(const ConnectionFigures&) = delete;
    ConnectionFigures& operator=(const ConnectionFigures&) = delete;

    void opened(uint64_t id, const Address& peer);
    void received(size_t bytes);
    void sent(size_t bytes);
    /// A request was decoded and is about to be handed over.
    void request(const wire::DecodeResult& decoded);
    void malformed_request() { sums_.malformed.add(); }
    /// The answer is about to go to the socket, at that time.
    void answer(const Answer& answer, uint64_t now_ns);
    /// So many requests are being handled.
    void in_flight(size_t requests);
    void closed();

private:
    void name_client(const wire::DecodeResult& decoded);

    status::NetFigures& sums_;
    status::ConnectionTable& table_;
    status::ConnectionSlot* slot_ = nullptr; // none: not listed
    std::string client_id_;                  // as listed
};

} // namespace kafka::net
