// The requests of one connection between their arrival and their answer, and the order that Kafka promises.
// A request is *waiting* until it may be handled, then *in flight* until its answer left for the socket.
// Answers leave in the order of requests. One request is in flight at a time, except that several Produce may
// be. Net thread; no socket in here.
#pragma once
#include "net/frame.h"
#include "wire/requests.h"

#include <cstdint>
#include <deque>
#include <memory>

namespace kafka::net {

/// What leaves for the socket when a request's turn has come.
struct Answer {
    wire::Encoded bytes; ///< nothing for acks=0
    bool close = false;  ///< the connection ends here
    static constexpr int no_api = -1;
    int api = no_api;        ///< of its request, as in wire::apis(); set by take_ready(), like the next
    uint64_t arrived_ns = 0; ///< when its request had come
};

class Pipeline {
public:
    /// A complete frame came at that time; it waits.
    void arrived(std::shared_ptr<Frame> frame, uint64_t now_ns);
    bool any_waiting() const { return !waiting_.empty(); }
    /// Memory of what waits, roughly.
    size_t waiting_bytes() const { return waiting_bytes_; }
    bool any_in_flight() const { return !in_flight_.empty(); }
    /// True while nothing may follow what is in flight, which may take long: a Fetch waits for records.
    bool blocked() const { return !in_flight_.empty() && !in_flight_.front().produce; }

    /// The next waiting frame, if it may be handled now; it is in flight from here on, as last_sequence().
    std::shared_ptr<Frame> admit();
    uint64_t last_sequence() const { return first_in_flight_ + in_flight_.size() - 1; }
    /// What admit() gave last is a request of this API.
    void last_is_of(size_t api) { in_flight_.back().answer.api = int(api); }
    size_t in_flight() const { return in_flight_.size(); }

    /// True if this request is in flight and has no answer yet.
    bool expects_answer(uint64_t sequence) const;
    /// The answer to a request for which expects_answer() holds. Its frame's budget is released.
    void answer(uint64_t sequence, Answer answer);
    /// True if there is an answer whose turn it is to leave.
    bool any_ready() const { return !in_flight_.empty() && in_flight_.front().answered; }
    /// That answer.
    Answer take_ready();

    /// Nothing more will be handled: drops what waits.
    void drop_waiting() { waiting_.clear(), waiting_bytes_ = 0; }

private:
    struct Waiting {
        std::shared_ptr<Frame> frame;
        uint64_t arrived_ns;
    };
    struct InFlight {
        std::weak_ptr<Frame> frame; // whoever handles the request keeps it alive, or not
        bool produce = false;
        bool answered = false;
        Answer answer;
    };
    bool may_follow(bool produce) const;

    std::deque<Waiting> waiting_;
    size_t waiting_bytes_ = 0;
    std::deque<InFlight> in_flight_;
    uint64_t first_in_flight_ = 0; // sequence of in_flight_.front(), or of the next to be admitted
};

} // namespace kafka::net
