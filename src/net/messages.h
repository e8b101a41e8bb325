// What passes between the net thread and the main thread.
//
// Received   net -> main   a decoded request, to be answered by exactly one Reply (unless its connection closes first)
// closed     net -> main   a connection that had handed over a request is gone
// Notice     net -> main   one line for the server log, which the net thread cannot write itself
// Reply      main -> net   what becomes of a request
#pragma once
#include "net/address.h"
#include "net/frame.h"
#include "wire/requests.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace kafka::net {

/// Which request of which connection. Neither number is ever used again while the server lives.
struct RequestId {
    uint64_t connection = 0;
    uint64_t sequence = 0; ///< 0, 1, 2, ... in the order in which the connection sent them
    bool operator==(const RequestId&) const = default;
};

/// A request as it came from a client. Views inside `request` point into `frame`. Whoever parks it for long
/// without needing the frame gives its memory back with frame->release_budget().
struct Received {
    RequestId id;
    wire::RequestHeader header;
    wire::Request request;
    std::shared_ptr<Frame> frame;
    std::shared_ptr<const Address> local; ///< the address that the client connected to; never a wildcard
    std::shared_ptr<const Address> peer;
    BudgetCharge charge; ///< the frame counts as request memory until the reply or the end of this Received
};

/// The one answer to a Received. Replies may come in any order; they leave in the order of the requests.
struct Reply {
    enum class Kind {
        response,    ///< send `response`
        no_response, ///< send nothing (Produce with acks=0)
        close,       ///< close the connection once the replies before this one are sent
    };
    RequestId id;
    int16_t version = 0; ///< of the response's layout
    int32_t correlation_id = 0;
    Kind kind = Kind::response;
    wire::Response response;
    std::string close_reason; ///< a sentence for the log; only with Kind::close; empty: nothing to be logged
};

/// One line for the server log, in the parts that Postgres knows; `detail` and `hint` may be empty.
struct Notice {
    enum class Level { log, warning, debug };
    Level level = Level::log;
    std::string message, detail, hint;
};

/// How the net thread hands things over. All are called on the net thread and must not wait.
struct Callbacks {
    std::function<void(Received&&)> received;
    std::function<void(uint64_t connection)> closed;
    std::function<void(Notice&&)> notice;
    /// Whether somebody waits for memory that answers take; see slow_readers.h.
    std::function<bool()> response_memory_wanted;
};

} // namespace kafka::net
