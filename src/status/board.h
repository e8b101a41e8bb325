// The notice board: all that the broker shows of itself, in memory that every process of the server can read. The broker
// writes on it as it works; whoever reads it disturbs nobody. Its layout is fixed, everything in it is lock-free, and each
// number has one writer, said below. Pure.
#pragma once
#include "status/connection_table.h"
#include "status/histogram.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

namespace kafka::status {

constexpr size_t max_apis = 64;

struct ApiFigures {
    Counter requests;  ///< that were decoded
    Counter errors;    ///< responses with an error anywhere in them, and connections closed instead of one
    Histogram latency; ///< from the arrival of the whole request until the socket had the response
};

/// Written by the net thread.
struct alignas(64) NetFigures {
    Counter listening;   ///< sockets that accept connections now
    Counter connections; ///< open now
    Counter accepted, refused;
    Counter malformed; ///< requests that could not be decoded
    Counter bytes_received, bytes_sent;
    std::atomic<int64_t> request_memory{0}; ///< bytes of requests that are held now; written by all threads
    std::array<ApiFigures, max_apis> apis;  ///< in the order of wire::apis()
};

/// Written by the main thread.
struct alignas(64) BrokerFigures {
    Counter turns;              ///< that had a request to handle
    Counter most_turn_requests; ///< in one turn
    Counter commits, failed_commits;
    Counter batches, batch_bytes; ///< committed
    Counter most_commit_bytes;    ///< in one commit
    Histogram commit_time;
    Counter cache_bytes;                        ///< in the tail cache now
    Counter cache_read_bytes, table_read_bytes; ///< of batches, for Fetch requests
    Counter parked;                             ///< calls that wait now
    Counter transaction_ids;                    ///< used
    std::atomic<int64_t> response_memory{
        0}; ///< of batches in responses not sent yet; written by both threads
};

class Board {
public:
    static constexpr size_t max_slots = 10'000;
    /// Bytes for a board that lists so many connections, max_slots at most.
    static size_t size_for(size_t connections);
    /// A new board in that memory, with as many slots as there is room for. Whatever was in it counts no more.
    static Board& make(std::span<std::byte> memory);
    /// The board in memory that is all zero, or that make() was given.
    static const Board& at(std::span<const std::byte> memory);

    Board() = default; ///< lists no connections
    Board(const Board&) = delete;
    Board& operator=(const Board&) = delete;

    /// From now on this process serves, and what the board shows is true.
    void begin(int32_t process, int64_t now_ms);
    void end() { process_.store(0, std::memory_order_release); }
    /// The process that serves; 0 if there is none, and then the rest means nothing.
    int32_t process() const { return process_.load(std::memory_order_acquire); }
    int64_t started_ms() const { return int64_t(started_ms_.get()); }

    NetFigures net;
    BrokerFigures broker;
    std::span<ConnectionSlot> slots() { return {first_slot(), slot_count_.get()}; }
    std::span<const ConnectionSlot> slots() const { return const_cast<Board*>(this)->slots(); }

private:
    ConnectionSlot* first_slot() { return reinterpret_cast<ConnectionSlot*>(this + 1); }

    std::atomic<int32_t> process_{0};
    Counter started_ms_;
    Counter slot_count_; ///< slots lie behind the board
};

} // namespace kafka::status
